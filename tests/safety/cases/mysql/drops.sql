-- case: drop-table
-- role: hazard
DROP TABLE journal;

-- case: drop-table-if-exists
-- role: hazard
DROP TABLE IF EXISTS preferences;

-- case: drop-tables-two
-- role: hazard
DROP TABLE purchase_lines, journal;

-- case: drop-table-referenced
-- role: hazard
DROP TABLE customers;

-- case: drop-table-with-checks-off
-- role: hazard
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE customers;
SET FOREIGN_KEY_CHECKS = 1;

-- case: drop-table-and-create-anew
-- role: hazard
DROP TABLE IF EXISTS preferences;
CREATE TABLE preferences (
  name VARCHAR(50) NOT NULL PRIMARY KEY, value VARCHAR(200) NULL, note VARCHAR(200) NULL, changed INT NOT NULL DEFAULT 0
) DEFAULT CHARSET=utf8mb4;

-- case: create-or-replace-table
-- role: hazard
CREATE OR REPLACE TABLE preferences (
  name VARCHAR(50) NOT NULL PRIMARY KEY, value VARCHAR(200) NULL, note VARCHAR(200) NULL, changed INT NOT NULL DEFAULT 0
) DEFAULT CHARSET=utf8mb4;

-- case: create-table-if-not-exists-that-exists
-- role: safe
CREATE TABLE IF NOT EXISTS preferences (name VARCHAR(50) NOT NULL PRIMARY KEY, value TEXT);

-- case: drop-table-if-exists-that-is-not-there
-- role: safe
DROP TABLE IF EXISTS wishes;
CREATE TABLE wishes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id BIGINT NOT NULL);

-- case: drop-table-made-here
-- role: safe
CREATE TABLE scratch (id INT PRIMARY KEY);
INSERT INTO scratch VALUES (1), (2);
DROP TABLE scratch;

-- case: drop-temporary-table
-- role: safe
CREATE TEMPORARY TABLE busy (id INT PRIMARY KEY) SELECT id FROM customers WHERE visits > 1000000;
DROP TEMPORARY TABLE busy;

-- case: drop-temporary-table-in-the-way-of-a-real-one
-- role: safe
DROP TEMPORARY TABLE IF EXISTS journal;

-- case: drop-database
-- role: hazard
DROP DATABASE shop;

-- case: drop-schema-if-exists
-- role: hazard
DROP SCHEMA IF EXISTS shop;

-- case: drop-column
-- role: hazard
ALTER TABLE customers DROP COLUMN bio;

-- case: drop-column-without-the-word
-- role: hazard
ALTER TABLE customers DROP token;

-- case: drop-column-quoted
-- role: hazard
ALTER TABLE `purchases` DROP COLUMN `remark`;

-- case: drop-column-indexed
-- role: hazard
ALTER TABLE customers DROP COLUMN city;

-- case: drop-columns-two
-- role: hazard
ALTER TABLE items DROP COLUMN summary, DROP COLUMN weight;

-- case: drop-column-of-foreign-key
-- role: hazard
ALTER TABLE purchases DROP COLUMN customer_id;

-- case: drop-column-and-its-foreign-key
-- role: hazard
ALTER TABLE items DROP FOREIGN KEY items_supplier_fk, DROP INDEX items_supplier, DROP COLUMN supplier_id;

-- case: drop-column-and-add-another
-- role: hazard
ALTER TABLE customers DROP COLUMN first_name, ADD COLUMN given_name VARCHAR(40) NULL;

-- case: drop-column-in-place
-- role: hazard
ALTER TABLE items DROP COLUMN long_text, ALGORITHM=INPLACE, LOCK=NONE;

-- case: drop-column-instant
-- role: hazard
ALTER TABLE items DROP COLUMN weight, ALGORITHM=INSTANT;

-- case: drop-column-if-exists-that-is-not-there
-- role: safe
ALTER TABLE customers DROP COLUMN IF EXISTS fax;

-- case: drop-column-that-is-not-there
-- role: hazard
ALTER TABLE customers DROP COLUMN fax;

-- case: drop-column-computed
-- role: advisory
-- setup: ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) VIRTUAL;
ALTER TABLE items DROP COLUMN gross;

-- case: drop-column-made-here
-- role: safe
ALTER TABLE customers ADD COLUMN fax VARCHAR(20) NULL;
ALTER TABLE customers DROP COLUMN fax;

-- case: drop-column-used-by-view
-- role: hazard
ALTER TABLE customers DROP COLUMN points;

-- case: drop-partition
-- role: hazard
ALTER TABLE clicks DROP PARTITION p2023;

-- case: drop-partition-if-exists
-- role: hazard
ALTER TABLE clicks DROP PARTITION IF EXISTS p2023, p2024;

-- case: truncate-partition
-- role: hazard
ALTER TABLE clicks TRUNCATE PARTITION p2024;

-- case: drop-view
-- role: hazard
DROP VIEW gold_customers;

-- case: drop-view-unused
-- role: advisory
-- setup: CREATE VIEW old_report AS SELECT state, COUNT(*) AS n FROM purchases GROUP BY state;
DROP VIEW IF EXISTS old_report;

-- case: drop-view-that-is-not-there
-- role: safe
DROP VIEW IF EXISTS silver_customers;
CREATE VIEW silver_customers AS SELECT id, email FROM customers WHERE level = 'plus';

-- case: create-or-replace-view-same
-- role: safe
CREATE OR REPLACE VIEW gold_customers AS SELECT id, email, points, city FROM customers WHERE level = 'gold';

-- case: create-or-replace-view-without-a-column
-- role: hazard
CREATE OR REPLACE VIEW gold_customers AS SELECT id, email FROM customers WHERE level = 'gold';

-- case: alter-view-without-a-column
-- role: hazard
ALTER VIEW gold_customers AS SELECT id, points FROM customers WHERE level = 'gold';

-- case: drop-index
-- role: safe
DROP INDEX customers_age ON customers;

-- case: drop-index-by-alter
-- role: safe
ALTER TABLE purchases DROP INDEX purchases_state;

-- case: drop-key-if-exists
-- role: safe
ALTER TABLE journal DROP KEY IF EXISTS journal_at;

-- case: drop-index-of-foreign-key
-- role: hazard
ALTER TABLE purchases DROP INDEX purchases_customer;

-- case: drop-index-of-foreign-key-with-a-new-one
-- role: safe
ALTER TABLE purchases ADD INDEX purchases_customer_placed (customer_id, placed_at), DROP INDEX purchases_customer;

-- case: drop-unique-index
-- role: advisory
ALTER TABLE customers DROP INDEX customers_email;

-- case: drop-primary-key
-- role: hazard
ALTER TABLE preferences DROP PRIMARY KEY;

-- case: drop-primary-key-counting
-- role: hazard
ALTER TABLE suppliers DROP PRIMARY KEY;

-- case: drop-foreign-key
-- role: safe
ALTER TABLE purchases DROP FOREIGN KEY purchases_customer_fk;

-- case: drop-foreign-key-by-constraint
-- role: safe
ALTER TABLE purchase_lines DROP CONSTRAINT purchase_lines_item_fk;

-- case: drop-foreign-key-that-is-not-there
-- role: hazard
ALTER TABLE purchases DROP FOREIGN KEY purchases_coupon_fk;

-- case: drop-check
-- role: safe
ALTER TABLE purchases DROP CONSTRAINT purchases_total_check;

-- case: drop-trigger
-- role: advisory
-- setup: CREATE TRIGGER journal_fill BEFORE INSERT ON journal FOR EACH ROW SET NEW.ref = NEW.ref + 1;
DROP TRIGGER journal_fill;

-- case: drop-procedure-unused
-- role: advisory
-- setup: CREATE PROCEDURE old_report() SELECT COUNT(*) FROM purchases;
DROP PROCEDURE IF EXISTS old_report;

-- case: truncate
-- role: hazard
TRUNCATE TABLE journal;

-- case: truncate-without-the-word
-- role: hazard
TRUNCATE preferences;

-- case: truncate-referenced
-- role: hazard
TRUNCATE TABLE customers;

-- case: truncate-with-checks-off
-- role: hazard
SET FOREIGN_KEY_CHECKS = 0;
TRUNCATE TABLE purchases;
SET FOREIGN_KEY_CHECKS = 1;

-- case: truncate-table-made-here
-- role: safe
CREATE TABLE scratch (id INT PRIMARY KEY);
INSERT INTO scratch VALUES (1);
TRUNCATE TABLE scratch;
