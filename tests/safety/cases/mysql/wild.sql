-- case: wild-index-of-text-without-length
-- role: advisory
CREATE INDEX customers_bio ON customers (bio);

-- case: wild-index-longer-than-a-key
-- role: advisory
CREATE INDEX items_long ON items (long_text(4000));

-- case: wild-column-after-none
-- role: hazard
ALTER TABLE customers ADD COLUMN mood INT NULL AFTER not_there;

-- case: wild-varchar-too-long
-- role: hazard
ALTER TABLE customers ADD COLUMN story VARCHAR(20000) NULL;

-- case: wild-truncate-all-partitions
-- role: hazard
ALTER TABLE clicks TRUNCATE PARTITION ALL;

-- case: wild-drop-two-partitions
-- role: hazard
ALTER TABLE clicks DROP PARTITION p2023, p2024;

-- case: wild-tablespace-discarded
-- role: hazard
-- not-run: the table cannot be read any more, not even to compare its rows
ALTER TABLE preferences DISCARD TABLESPACE;

-- case: wild-auto-increment-lower
-- role: safe
ALTER TABLE customers AUTO_INCREMENT = 1;

-- case: wild-account-locked
-- role: hazard
-- not-run: accounts belong to the whole server, and the cases after it would find no way in
ALTER USER shop_app ACCOUNT LOCK;

-- case: wild-account-dropped
-- role: hazard
-- not-run: accounts belong to the whole server, and the cases after it would find no way in
DROP USER shop_app;

-- case: wild-update-ignore-of-a-key
-- role: hazard
UPDATE IGNORE preferences SET name = CONCAT('k', changed DIV 2);

-- case: wild-binary-attribute
-- role: advisory
ALTER TABLE preferences MODIFY value VARCHAR(200) BINARY NULL;

-- case: wild-inline-reference
-- role: advisory
ALTER TABLE journal ADD COLUMN customer_id BIGINT NULL REFERENCES customers (id);

-- case: wild-copy-of-structure
-- role: safe
CREATE TABLE IF NOT EXISTS customers_copy LIKE customers;

-- case: wild-copy-filled
-- role: advisory
CREATE TABLE preferences_copy LIKE preferences;
INSERT INTO preferences_copy SELECT * FROM preferences;

-- case: wild-temporary-in-front
-- role: safe
CREATE TEMPORARY TABLE preferences LIKE suppliers;
DELETE FROM preferences;
DROP TEMPORARY TABLE preferences;

-- case: wild-moved-to-other-database
-- role: hazard
-- setup: CREATE DATABASE IF NOT EXISTS elsewhere;
RENAME TABLE preferences TO elsewhere.preferences;

-- case: wild-outfile
-- role: hazard
-- not-run: it would write a file on the server
SELECT * FROM customers INTO OUTFILE '/tmp/customers.txt';

-- case: wild-load-data
-- role: hazard
-- not-run: it would read a file on the server
LOAD DATA INFILE '/tmp/customers.txt' REPLACE INTO TABLE customers;

-- case: wild-load-file
-- role: hazard
-- not-run: it would read a file on the server
UPDATE preferences SET note = LOAD_FILE('/etc/passwd') WHERE name = 'key1';

-- case: wild-global-mode
-- role: hazard
-- not-run: it would change the server for all
SET GLOBAL sql_mode = '';

-- case: wild-set-with-a-member-less
-- role: hazard
ALTER TABLE items MODIFY tags SET('new','sale') NULL;

-- case: wild-three-changes-of-which-one-copies
-- role: hazard
ALTER TABLE customers ADD COLUMN a INT NULL, MODIFY points BIGINT NOT NULL DEFAULT 0, ADD INDEX customers_points (points);

-- case: wild-unsigned-key-of-parent
-- role: hazard
ALTER TABLE suppliers MODIFY id INT UNSIGNED NOT NULL AUTO_INCREMENT;

-- case: wild-two-keys-one-existing-duplicate
-- role: hazard
ALTER TABLE journal ADD UNIQUE KEY journal_topic (topic), ADD KEY journal_ref (ref);

-- case: wild-change-drops-default-and-comment
-- role: hazard
ALTER TABLE purchases CHANGE state state VARCHAR(20) NOT NULL;

-- case: wild-modify-repeats-everything
-- role: safe
ALTER TABLE customers MODIFY token CHAR(16) NULL COMMENT 'one-time code';

-- case: wild-modify-not-null-default-zero-added
-- role: safe
ALTER TABLE preferences MODIFY changed INT NOT NULL DEFAULT 5;

-- case: wild-required-json
-- role: hazard
ALTER TABLE customers ADD COLUMN extra JSON NOT NULL;

-- case: wild-generated-from-a-function
-- role: advisory
ALTER TABLE customers ADD COLUMN domain VARCHAR(100) AS (SUBSTRING_INDEX(email, '@', -1)) VIRTUAL;

-- case: wild-on-update-added
-- role: advisory
ALTER TABLE purchases ADD COLUMN touched TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;

-- case: wild-delete-in-a-handler-block
-- role: hazard
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END;
  DELETE FROM preferences;
END //
DELIMITER ;

-- case: wild-flush-with-read-lock
-- role: advisory
FLUSH TABLES preferences WITH READ LOCK;
UNLOCK TABLES;

-- case: wild-rename-column-used-by-a-check
-- role: hazard
ALTER TABLE purchases RENAME COLUMN total TO total_amount;

-- case: wild-column-of-a-check-dropped
-- role: hazard
ALTER TABLE purchases DROP COLUMN total;

-- case: wild-comment-only-by-change
-- role: safe
ALTER TABLE suppliers CHANGE name name VARCHAR(80) NOT NULL COMMENT 'as printed';

-- case: wild-hash-comment-hides-nothing
-- role: safe
# DROP TABLE customers;
-- DROP TABLE customers;
CREATE TABLE colours (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE) COMMENT 'DROP TABLE customers';

-- case: wild-two-dashes-without-space
-- role: hazard
UPDATE preferences SET changed = 5--1;

-- case: wild-insert-ignore-into-required
-- role: advisory
INSERT IGNORE INTO suppliers (id, name) VALUES (1, 'again'), (9001, 'new');

-- case: wild-view-of-dropped-table-replaced-first
-- role: advisory
CREATE OR REPLACE VIEW gold_customers AS SELECT id, email, points FROM customers WHERE level = 'gold' AND points > 0;

-- case: wild-lines-kept-when-parent-goes
-- role: hazard
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE purchases;
SET FOREIGN_KEY_CHECKS = 1;

-- case: wild-char-trailing-blanks
-- role: hazard
ALTER TABLE customers MODIFY avatar BINARY(20) NULL;

-- case: wild-varbinary-to-blob
-- role: hazard
ALTER TABLE customers MODIFY avatar MEDIUMBLOB NULL;

-- case: wild-keys-named-by-the-server
-- role: safe
CREATE TABLE badges (id INT PRIMARY KEY, kind VARCHAR(20), label VARCHAR(20), UNIQUE (kind, label), UNIQUE (kind));
ALTER TABLE badges DROP INDEX kind_2, DROP INDEX kind, ADD UNIQUE (label);
ALTER TABLE badges DROP KEY label, ADD INDEX (label);
DROP INDEX label ON badges;
