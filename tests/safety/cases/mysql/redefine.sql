-- case: modify-varchar-widen-within
-- role: safe
ALTER TABLE customers MODIFY COLUMN last_name VARCHAR(60) NOT NULL DEFAULT '';

-- case: modify-varchar-widen-over
-- role: hazard
ALTER TABLE customers MODIFY COLUMN last_name VARCHAR(80) NOT NULL DEFAULT '';

-- case: modify-varchar-widen-above
-- role: safe
ALTER TABLE customers MODIFY full_name VARCHAR(200) NULL;

-- case: modify-varchar-widen-latin1-within
-- role: safe
ALTER TABLE letters MODIFY subject VARCHAR(250) NOT NULL;

-- case: modify-varchar-widen-latin1-over
-- role: advisory
ALTER TABLE letters MODIFY subject VARCHAR(300) NOT NULL;

-- case: modify-varchar-shrink-fails
-- role: hazard
ALTER TABLE purchases MODIFY remark VARCHAR(20) NULL;

-- case: modify-varchar-shrink-fits
-- role: hazard
ALTER TABLE customers MODIFY zip VARCHAR(8) NULL;

-- case: modify-varchar-shrink-without-strict
-- role: hazard
SET SESSION sql_mode = '';
ALTER TABLE purchases MODIFY remark VARCHAR(20) NULL;

-- case: modify-varchar-to-text
-- role: hazard
ALTER TABLE customers MODIFY full_name TEXT NULL;

-- case: modify-text-to-varchar
-- role: hazard
ALTER TABLE customers MODIFY bio VARCHAR(1000) NULL;

-- case: modify-text-to-longtext
-- role: hazard
ALTER TABLE customers MODIFY bio LONGTEXT NULL;

-- case: modify-mediumtext-to-text
-- role: hazard
ALTER TABLE items MODIFY long_text TEXT NULL;

-- case: modify-char-widen
-- role: hazard
ALTER TABLE customers MODIFY token CHAR(32) NULL COMMENT 'one-time code';

-- case: modify-char-to-varchar
-- role: hazard
ALTER TABLE customers MODIFY token VARCHAR(32) NULL COMMENT 'one-time code';

-- case: modify-varbinary-widen
-- role: safe
ALTER TABLE customers MODIFY avatar VARBINARY(200) NULL;

-- case: modify-int-to-bigint
-- role: hazard
ALTER TABLE customers MODIFY points BIGINT NOT NULL DEFAULT 0;

-- case: modify-bigint-to-int
-- role: hazard
ALTER TABLE customers MODIFY visits INT NOT NULL DEFAULT 0;

-- case: modify-bigint-to-int-without-strict
-- role: hazard
SET sql_mode = 'NO_ENGINE_SUBSTITUTION';
ALTER TABLE customers MODIFY visits INT NOT NULL DEFAULT 0;

-- case: modify-int-display-width
-- role: safe
ALTER TABLE customers MODIFY points INT(11) NOT NULL DEFAULT 0;

-- case: modify-int-synonym
-- role: safe
ALTER TABLE customers MODIFY points INTEGER NOT NULL DEFAULT 0;

-- case: modify-int-to-unsigned
-- role: hazard
ALTER TABLE customers MODIFY points INT UNSIGNED NOT NULL DEFAULT 0;

-- case: modify-unsigned-to-signed
-- role: hazard
ALTER TABLE customers MODIFY age TINYINT NULL;

-- case: modify-tinyint-to-smallint
-- role: hazard
ALTER TABLE customers MODIFY age SMALLINT UNSIGNED NULL;

-- case: modify-decimal-scale-down
-- role: hazard
ALTER TABLE items MODIFY price DECIMAL(12,2) NOT NULL;

-- case: modify-decimal-wider
-- role: hazard
ALTER TABLE purchases MODIFY total DECIMAL(16,2) NOT NULL DEFAULT 0;

-- case: modify-decimal-scale-up
-- role: hazard
ALTER TABLE purchases MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0;

-- case: modify-decimal-to-int
-- role: hazard
ALTER TABLE items MODIFY price INT NOT NULL;

-- case: modify-double-to-float
-- role: hazard
ALTER TABLE items MODIFY weight FLOAT NULL;

-- case: modify-double-to-decimal
-- role: hazard
ALTER TABLE items MODIFY weight DECIMAL(10,2) NULL;

-- case: modify-int-to-varchar
-- role: hazard
ALTER TABLE customers MODIFY points VARCHAR(20) NOT NULL DEFAULT '0';

-- case: modify-varchar-to-int
-- role: hazard
ALTER TABLE customers MODIFY zip INT NULL;

-- case: modify-datetime-precision-down
-- role: hazard
ALTER TABLE customers MODIFY created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- case: modify-datetime-precision-up
-- role: hazard
ALTER TABLE purchases MODIFY placed_at DATETIME(6) NOT NULL;

-- case: modify-datetime-to-date
-- role: hazard
ALTER TABLE purchases MODIFY placed_at DATE NOT NULL;

-- case: modify-datetime-to-timestamp
-- role: hazard
ALTER TABLE purchases MODIFY placed_at TIMESTAMP NOT NULL;

-- case: modify-date-to-datetime
-- role: hazard
ALTER TABLE customers MODIFY birthday DATETIME NULL;

-- case: modify-enum-append
-- role: safe
ALTER TABLE customers MODIFY level ENUM('basic','plus','gold','black') NOT NULL DEFAULT 'basic';

-- case: modify-enum-insert
-- role: hazard
ALTER TABLE customers MODIFY level ENUM('basic','silver','plus','gold') NOT NULL DEFAULT 'basic';

-- case: modify-enum-reorder
-- role: hazard
ALTER TABLE customers MODIFY level ENUM('gold','plus','basic') NOT NULL DEFAULT 'basic';

-- case: modify-enum-remove
-- role: hazard
ALTER TABLE customers MODIFY level ENUM('basic','plus') NOT NULL DEFAULT 'basic';

-- case: modify-enum-remove-without-strict
-- role: hazard
SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION';
ALTER TABLE customers MODIFY level ENUM('basic','plus') NOT NULL DEFAULT 'basic';

-- case: modify-enum-to-varchar
-- role: hazard
ALTER TABLE customers MODIFY level VARCHAR(20) NOT NULL DEFAULT 'basic';

-- case: modify-varchar-to-enum
-- role: hazard
ALTER TABLE purchases MODIFY state ENUM('open','paid','sent') NOT NULL DEFAULT 'open';

-- case: modify-set-append
-- role: safe
ALTER TABLE items MODIFY tags SET('new','sale','eco','local') NULL;

-- case: modify-set-over-eight
-- role: hazard
ALTER TABLE items MODIFY tags SET('new','sale','eco','a','b','c','d','e','f') NULL;

-- case: modify-charset-of-column
-- role: hazard
ALTER TABLE letters MODIFY subject VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL;

-- case: modify-charset-of-column-smaller
-- role: hazard
ALTER TABLE customers MODIFY city VARCHAR(60) CHARACTER SET latin1 NULL;

-- case: modify-collation-of-plain-column
-- role: safe
ALTER TABLE customers MODIFY full_name VARCHAR(120) COLLATE utf8mb4_unicode_ci NULL;

-- case: modify-collation-of-indexed-column
-- role: advisory
ALTER TABLE customers MODIFY city VARCHAR(60) COLLATE utf8mb4_bin NULL;

-- case: modify-to-not-null-with-nulls
-- role: hazard
ALTER TABLE customers MODIFY first_name VARCHAR(40) NOT NULL;

-- case: modify-to-not-null-filled
-- role: hazard
ALTER TABLE customers MODIFY full_name VARCHAR(120) NOT NULL;

-- case: modify-to-not-null-with-default
-- role: advisory
ALTER TABLE customers MODIFY full_name VARCHAR(120) NOT NULL DEFAULT '';

-- case: modify-to-not-null-without-strict
-- role: hazard
SET SESSION sql_mode = '';
ALTER TABLE customers MODIFY first_name VARCHAR(40) NOT NULL;

-- case: modify-to-null
-- role: safe
ALTER TABLE purchases MODIFY placed_at DATETIME NULL;

-- case: modify-forgets-default
-- role: hazard
ALTER TABLE customers MODIFY last_name VARCHAR(40) NOT NULL;

-- case: modify-forgets-default-of-nullable
-- role: advisory
-- setup: ALTER TABLE journal ADD COLUMN source VARCHAR(20) NULL DEFAULT 'web';
ALTER TABLE journal MODIFY source VARCHAR(30) NULL;

-- case: modify-forgets-not-null
-- role: advisory
ALTER TABLE customers MODIFY last_name VARCHAR(40) DEFAULT '';

-- case: modify-forgets-comment
-- role: safe
ALTER TABLE customers MODIFY token CHAR(16) NULL;

-- case: modify-adds-comment
-- role: safe
ALTER TABLE customers MODIFY city VARCHAR(60) NULL COMMENT 'where letters go';

-- case: modify-forgets-auto-increment
-- role: hazard
ALTER TABLE suppliers MODIFY id INT NOT NULL;

-- case: modify-forgets-auto-increment-referenced
-- role: hazard
ALTER TABLE customers MODIFY id BIGINT NOT NULL;

-- case: modify-key-keeps-auto-increment
-- role: safe
ALTER TABLE suppliers MODIFY id INT NOT NULL AUTO_INCREMENT COMMENT 'key';

-- case: modify-key-widens-referenced
-- role: hazard
ALTER TABLE suppliers MODIFY id BIGINT NOT NULL AUTO_INCREMENT;

-- case: modify-key-widens
-- role: hazard
-- setup: CREATE TABLE notes_list (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, txt VARCHAR(20));
-- setup: INSERT INTO notes_list (txt) SELECT 'x' FROM seq_1_to_2000;
ALTER TABLE notes_list MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT;

-- case: modify-adds-auto-increment
-- role: hazard
ALTER TABLE letters MODIFY id INT NOT NULL AUTO_INCREMENT;

-- case: modify-forgets-on-update
-- role: advisory
ALTER TABLE customers MODIFY updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- case: modify-position-only
-- role: safe
ALTER TABLE customers MODIFY city VARCHAR(60) NULL AFTER email;

-- case: modify-position-first
-- role: safe
ALTER TABLE preferences MODIFY changed INT NOT NULL DEFAULT 0 FIRST;

-- case: modify-same
-- role: safe
ALTER TABLE purchases MODIFY state VARCHAR(20) NOT NULL DEFAULT 'open';

-- case: modify-default-changes
-- role: safe
ALTER TABLE purchases MODIFY state VARCHAR(20) NOT NULL DEFAULT 'new';

-- case: modify-json-to-text
-- role: hazard
ALTER TABLE customers MODIFY settings LONGTEXT NULL;

-- case: modify-text-to-json
-- role: hazard
ALTER TABLE customers MODIFY bio JSON NULL;

-- case: modify-year-to-int
-- role: hazard
ALTER TABLE customers MODIFY born_in INT NULL;

-- case: modify-to-stored
-- role: hazard
ALTER TABLE customers MODIFY full_name VARCHAR(120) AS (CONCAT(last_name, ' ', city)) STORED;

-- case: modify-two-the-heavier-wins
-- role: hazard
ALTER TABLE customers MODIFY last_name VARCHAR(50) NOT NULL DEFAULT '', MODIFY points BIGINT NOT NULL DEFAULT 0;

-- case: modify-column-of-foreign-key
-- role: hazard
ALTER TABLE purchases MODIFY customer_id INT NOT NULL;

-- case: modify-column-of-foreign-key-with-checks-off
-- role: hazard
SET FOREIGN_KEY_CHECKS = 0;
ALTER TABLE purchases MODIFY customer_id INT NOT NULL;

-- case: modify-column-that-is-not-there
-- role: hazard
ALTER TABLE customers MODIFY fax VARCHAR(20) NULL;

-- case: modify-column-if-exists-that-is-not-there
-- role: safe
ALTER TABLE customers MODIFY COLUMN IF EXISTS fax VARCHAR(20) NULL;

-- case: modify-column-made-here
-- role: safe
CREATE TABLE wishes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, txt VARCHAR(200));
ALTER TABLE wishes MODIFY txt VARCHAR(20) NOT NULL;

-- case: change-renames
-- role: hazard
ALTER TABLE customers CHANGE city town VARCHAR(60) NULL;

-- case: change-renames-and-widens-over
-- role: hazard
ALTER TABLE customers CHANGE COLUMN first_name given_name VARCHAR(100) NULL;

-- case: change-keeps-the-name
-- role: safe
ALTER TABLE customers CHANGE city city VARCHAR(62) NULL;

-- case: change-keeps-the-name-shrinks
-- role: hazard
ALTER TABLE customers CHANGE `bio` `bio` VARCHAR(50) NULL;

-- case: change-case-only
-- role: safe
ALTER TABLE customers CHANGE city City VARCHAR(60) NULL;

-- case: change-of-column-in-view
-- role: hazard
ALTER TABLE customers CHANGE points score INT NOT NULL DEFAULT 0;

-- case: alter-set-default
-- role: safe
ALTER TABLE purchases ALTER COLUMN state SET DEFAULT 'new';

-- case: alter-set-default-without-the-word
-- role: safe
ALTER TABLE purchases ALTER remark SET DEFAULT 'none';

-- case: alter-set-default-expression
-- role: safe
ALTER TABLE purchases ALTER COLUMN placed_at SET DEFAULT (CURRENT_TIMESTAMP);

-- case: alter-drop-default
-- role: hazard
ALTER TABLE customers ALTER COLUMN last_name DROP DEFAULT;

-- case: alter-drop-default-of-nullable
-- role: safe
ALTER TABLE customers ALTER COLUMN first_name DROP DEFAULT;

-- case: alter-set-default-null
-- role: safe
ALTER TABLE customers ALTER COLUMN city SET DEFAULT NULL;

-- case: rename-column
-- role: hazard
ALTER TABLE customers RENAME COLUMN city TO town;

-- case: rename-column-made-here
-- role: safe
ALTER TABLE customers ADD COLUMN fax VARCHAR(20) NULL;
ALTER TABLE customers RENAME COLUMN fax TO telefax;

-- case: rename-index
-- role: safe
ALTER TABLE customers RENAME INDEX customers_city TO customers_by_city;

-- case: rename-key
-- role: safe
ALTER TABLE purchases RENAME KEY purchases_state TO by_state;

-- case: modify-algorithm-instant-promise
-- role: safe
ALTER TABLE customers MODIFY last_name VARCHAR(60) NOT NULL DEFAULT '', ALGORITHM=INSTANT;

-- case: modify-in-place-promise-that-fails
-- role: hazard
ALTER TABLE customers MODIFY points BIGINT NOT NULL DEFAULT 0, ALGORITHM=INPLACE, LOCK=NONE;

-- case: modify-algorithm-copy
-- role: hazard
ALTER TABLE customers MODIFY last_name VARCHAR(50) NOT NULL DEFAULT '', ALGORITHM=COPY;

-- case: modify-varchar-widen-from-short
-- role: advisory
ALTER TABLE purchases MODIFY state VARCHAR(191) NOT NULL DEFAULT 'open';

-- case: modify-narrower-than-old-writes
-- role: hazard
ALTER TABLE items MODIFY sku VARCHAR(10) NOT NULL;

-- case: modify-smallint-to-tinyint
-- role: hazard
ALTER TABLE purchase_lines MODIFY quantity TINYINT NOT NULL;

-- case: modify-in-strict-mode
-- role: hazard
SET SESSION sql_mode = 'STRICT_ALL_TABLES';
ALTER TABLE purchases MODIFY remark VARCHAR(20) NULL;

-- case: modify-charset-same-named
-- role: safe
ALTER TABLE customers MODIFY city VARCHAR(60) CHARACTER SET utf8mb4 NULL;

-- case: modify-computed-column
-- role: hazard
-- setup: ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) STORED;
ALTER TABLE items MODIFY gross DECIMAL(12,4) AS (price * 1.077) STORED;
