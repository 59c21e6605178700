-- case: second-drop-two-columns-in-two-statements
-- role: hazard
ALTER TABLE items DROP COLUMN tags;
ALTER TABLE items DROP COLUMN weight;

-- case: second-shrink-int-unsigned
-- role: hazard
ALTER TABLE items MODIFY stock SMALLINT UNSIGNED NOT NULL DEFAULT 0;

-- case: second-widen-char-latin
-- role: hazard
ALTER TABLE suppliers MODIFY country CHAR(3) NOT NULL DEFAULT 'CH';

-- case: second-default-changed-by-alter
-- role: safe
ALTER TABLE items ALTER stock SET DEFAULT 5;

-- case: second-add-not-null-with-default-first
-- role: safe
ALTER TABLE purchases ADD COLUMN tenant INT NOT NULL DEFAULT 1 FIRST;

-- case: second-add-timestamp-not-null
-- role: safe
ALTER TABLE items ADD COLUMN created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- case: second-add-datetime-nullable
-- role: safe
ALTER TABLE items ADD COLUMN deleted_at DATETIME(3) NULL DEFAULT NULL;

-- case: second-add-blob-and-bit
-- role: safe
ALTER TABLE items ADD COLUMN picture LONGBLOB NULL, ADD COLUMN flags BIT(8) NOT NULL DEFAULT b'0';

-- case: second-composite-index
-- role: safe
CREATE INDEX customers_city_level ON customers (city, level, created_at);

-- case: second-prefix-index-of-text
-- role: safe
ALTER TABLE items ADD INDEX items_long (long_text(30));

-- case: second-two-indexes-two-statements
-- role: safe
CREATE INDEX a ON customers (birthday);
CREATE INDEX b ON customers (zip);

-- case: second-replace-index-in-one
-- role: safe
ALTER TABLE customers DROP INDEX customers_age, ADD INDEX customers_age (age, city);

-- case: second-replace-unique-in-one
-- role: advisory
ALTER TABLE customers DROP INDEX customers_email, ADD UNIQUE INDEX customers_email (email, zip);

-- case: second-set-null-column-of-foreign-key
-- role: hazard
UPDATE items SET supplier_id = NULL;

-- case: second-delete-all-that-cascades
-- role: hazard
DELETE FROM purchases;

-- case: second-delete-parent-with-checks-off
-- role: hazard
SET FOREIGN_KEY_CHECKS=0;
DELETE FROM customers WHERE id > 1000;
SET FOREIGN_KEY_CHECKS=1;

-- case: second-truncate-two
-- role: hazard
TRUNCATE TABLE journal;
TRUNCATE TABLE letters;

-- case: second-change-type-and-name
-- role: hazard
ALTER TABLE purchases CHANGE COLUMN remark comment_text TEXT NULL;

-- case: second-rename-two-columns
-- role: hazard
ALTER TABLE items RENAME COLUMN title TO name, RENAME COLUMN summary TO teaser;

-- case: second-rename-view
-- role: hazard
RENAME TABLE gold_customers TO best_customers;

-- case: second-convert-with-collation-only
-- role: hazard
ALTER TABLE customers CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- case: second-convert-to-same
-- role: advisory
ALTER TABLE preferences CONVERT TO CHARACTER SET utf8mb4;

-- case: second-charset-of-database
-- role: advisory
ALTER DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- case: second-set-column-to-set
-- role: hazard
ALTER TABLE items MODIFY tags SET('new','sale') NULL;

-- case: second-decimal-precision-down
-- role: hazard
ALTER TABLE purchases MODIFY total DECIMAL(6,2) NOT NULL DEFAULT 0;

-- case: second-decimal-precision-up-scale-same
-- role: hazard
ALTER TABLE items MODIFY price DECIMAL(14,4) NOT NULL;

-- case: second-float-for-decimal
-- role: hazard
ALTER TABLE items MODIFY price FLOAT NOT NULL;

-- case: second-date-to-varchar
-- role: hazard
ALTER TABLE customers MODIFY birthday VARCHAR(10) NULL;

-- case: second-timestamp-to-int
-- role: hazard
ALTER TABLE purchases MODIFY placed_at INT NOT NULL;

-- case: second-varchar-to-varbinary
-- role: hazard
ALTER TABLE customers MODIFY zip VARBINARY(10) NULL;

-- case: second-not-null-and-default-on-filled
-- role: advisory
ALTER TABLE customers MODIFY token CHAR(16) NOT NULL DEFAULT '' COMMENT 'one-time code';

-- case: second-modify-drops-generated
-- role: hazard
-- setup: ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) STORED;
ALTER TABLE items MODIFY gross DECIMAL(12,4) NULL;

-- case: second-modify-virtual-to-stored
-- role: hazard
-- setup: ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) VIRTUAL;
ALTER TABLE items MODIFY gross DECIMAL(12,4) AS (price * 1.081) STORED;

-- case: second-add-check-not-enforced
-- role: hazard
ALTER TABLE items ADD CONSTRAINT c CHECK (stock >= 0), ADD CONSTRAINT d CHECK (weight >= 0);

-- case: second-drop-constraint-generic
-- role: safe
ALTER TABLE purchases DROP CONSTRAINT IF EXISTS purchases_total_check;

-- case: second-drop-foreign-key-if-exists
-- role: safe
ALTER TABLE purchases DROP FOREIGN KEY IF EXISTS no_such_fk;

-- case: second-add-primary-key-composite
-- role: advisory
ALTER TABLE journal ADD PRIMARY KEY (at, topic);

-- case: second-swap-primary-key
-- role: hazard
ALTER TABLE letters DROP PRIMARY KEY, ADD COLUMN uid BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST;

-- case: second-add-unique-on-new-required-column
-- role: hazard
ALTER TABLE items ADD COLUMN ean VARCHAR(13) NOT NULL, ADD UNIQUE KEY items_ean (ean);

-- case: second-temporary-table-work
-- role: safe
CREATE TEMPORARY TABLE t1 AS SELECT id FROM purchases WHERE state = 'open';
UPDATE t1 SET id = id + 1;
DELETE FROM t1;
DROP TEMPORARY TABLE t1;

-- case: second-insert-on-duplicate-with-new-alias
-- role: hazard
INSERT INTO preferences (name, value, changed) VALUES ('key5', 'x', 0) ON DUPLICATE KEY UPDATE changed = changed + 1, value = NULL;

-- case: second-insert-select-self
-- role: safe
INSERT INTO journal SELECT at, topic, detail, ref + 100000 FROM journal WHERE topic = 'order';

-- case: second-insert-into-new-then-delete-old
-- role: advisory
CREATE TABLE journal_archive LIKE journal;
INSERT INTO journal_archive SELECT * FROM journal WHERE at < '2022-01-02';
DELETE FROM journal WHERE at < '2022-01-02';

-- case: second-update-case-expression
-- role: hazard
UPDATE customers SET level = CASE level WHEN 'basic' THEN 'plus' ELSE level END;

-- case: second-update-exists
-- role: hazard
UPDATE customers c SET c.points = 0 WHERE EXISTS (SELECT 1 FROM purchases p WHERE p.customer_id = c.id AND p.state = 'open');

-- case: second-update-in-range-of-key
-- role: hazard
UPDATE purchases SET total = 0 WHERE id BETWEEN 100 AND 200;

-- case: second-procedure-replaced
-- role: safe
DROP PROCEDURE IF EXISTS refresh_totals;
DELIMITER ;;
CREATE PROCEDURE refresh_totals(IN cid BIGINT)
BEGIN
  UPDATE customers SET points = 0 WHERE id = cid;
END;;
DELIMITER ;

-- case: second-trigger-replaced
-- role: advisory
-- setup: CREATE TRIGGER t_items BEFORE UPDATE ON items FOR EACH ROW SET NEW.stock = NEW.stock;
DROP TRIGGER IF EXISTS t_items;
CREATE TRIGGER t_items BEFORE UPDATE ON items FOR EACH ROW SET NEW.stock = GREATEST(NEW.stock, 0);

-- case: second-procedure-with-handler-and-cursor
-- role: hazard
DELIMITER //
CREATE PROCEDURE wipe()
BEGIN
  DECLARE done INT DEFAULT FALSE;
  DECLARE k VARCHAR(50);
  DECLARE cur CURSOR FOR SELECT name FROM preferences;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  OPEN cur;
  l: LOOP
    FETCH cur INTO k;
    IF done THEN LEAVE l; END IF;
    DELETE FROM preferences WHERE name = k;
  END LOOP;
  CLOSE cur;
END//
DELIMITER ;
CALL wipe();

-- case: second-engine-archive-new
-- role: safe
CREATE TABLE cold (id INT NOT NULL, txt TEXT) ENGINE=Aria ROW_FORMAT=PAGE;

-- case: second-create-table-with-everything
-- role: safe
CREATE TABLE IF NOT EXISTS `files` (
  `id` binary(16) NOT NULL DEFAULT (UNHEX(REPLACE(UUID(),'-',''))),
  `owner_id` bigint(20) NOT NULL,
  `meta` json DEFAULT NULL CHECK (json_valid(`meta`)),
  `size` bigint(20) unsigned NOT NULL DEFAULT 0,
  `kind` enum('a','b') CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'a',
  `path` varchar(255) GENERATED ALWAYS AS (json_unquote(json_extract(`meta`,'$.path'))) VIRTUAL,
  `created` timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  PRIMARY KEY (`id`) USING BTREE,
  UNIQUE KEY `path_uq` (`path`(100)),
  KEY `owner_ix` (`owner_id`,`created` DESC) COMMENT 'newest; first',
  CONSTRAINT `files_owner_fk` FOREIGN KEY (`owner_id`) REFERENCES `customers` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci ROW_FORMAT=DYNAMIC COMMENT='x';

-- case: second-grant-and-revoke
-- role: advisory
GRANT SELECT ON shop.* TO shop_app@localhost;

-- case: second-revoke-from-application
-- role: hazard
REVOKE INSERT ON shop.* FROM shop_app@localhost;
GRANT INSERT ON shop.* TO shop_app@localhost;
REVOKE DELETE ON shop.* FROM shop_app@localhost;

-- case: second-kill-and-flush
-- role: advisory
FLUSH TABLES;

-- case: second-analyze-index-stats
-- role: safe
ANALYZE TABLE purchases, purchase_lines;

-- case: second-system-variable-read
-- role: safe
SELECT @@sql_mode INTO @mode;
SET SESSION sql_mode = CONCAT(@mode, ',STRICT_ALL_TABLES');
ALTER TABLE items ADD COLUMN hint VARCHAR(30) NULL;

-- case: second-rebuild-by-hand
-- role: safe
CREATE TABLE preferences_v2 (name VARCHAR(50) NOT NULL PRIMARY KEY, value VARCHAR(200) NULL, note VARCHAR(200) NULL, changed INT NOT NULL DEFAULT 0, extra INT NULL) DEFAULT CHARSET=utf8mb4;
INSERT INTO preferences_v2 (name, value, note, changed) SELECT name, value, note, changed FROM preferences;
RENAME TABLE preferences TO preferences_v1, preferences_v2 TO preferences;

-- case: second-rebuild-drop-rename
-- role: hazard
CREATE TABLE preferences_v2 LIKE preferences;
INSERT INTO preferences_v2 SELECT * FROM preferences;
DROP TABLE preferences;
RENAME TABLE preferences_v2 TO preferences;
ALTER TABLE preferences DROP COLUMN note;

-- case: second-move-column-by-copy
-- role: hazard
ALTER TABLE customers ADD COLUMN postcode VARCHAR(10) NULL AFTER city;
UPDATE customers SET postcode = zip;
ALTER TABLE customers DROP COLUMN zip;

-- case: second-alter-event-and-sequence
-- role: safe
-- setup: CREATE SEQUENCE ticket_numbers START WITH 1;
ALTER SEQUENCE ticket_numbers INCREMENT BY 5;

-- case: second-alter-table-if-exists
-- role: safe
ALTER TABLE IF EXISTS no_such_table ADD COLUMN a INT;

-- case: second-alter-missing-table
-- role: hazard
ALTER TABLE no_such_table ADD COLUMN a INT;

-- case: second-index-on-missing-column
-- role: hazard
CREATE INDEX x ON customers (no_such_column);

-- case: second-duplicate-index-name
-- role: hazard
CREATE INDEX customers_city ON customers (zip);

-- case: second-drop-missing-index
-- role: hazard
DROP INDEX no_such_index ON customers;

-- case: second-foreign-key-to-missing-table
-- role: hazard
ALTER TABLE purchases ADD CONSTRAINT f FOREIGN KEY (coupon_id) REFERENCES no_such_table (id);
