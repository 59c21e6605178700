-- case: add-column-last
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL;

-- case: add-column-without-the-word
-- role: safe
ALTER TABLE customers ADD phone VARCHAR(20);

-- case: add-column-first
-- role: safe
ALTER TABLE journal ADD COLUMN source VARCHAR(20) NULL FIRST;

-- case: add-column-after
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL AFTER email;

-- case: add-columns-two
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL, ADD COLUMN mobile VARCHAR(20) NULL AFTER phone;

-- case: add-columns-in-parentheses
-- role: safe
ALTER TABLE customers ADD COLUMN (phone VARCHAR(20) NULL, mobile VARCHAR(20) DEFAULT 'none');

-- case: add-column-if-not-exists
-- role: safe
ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone VARCHAR(20) NULL;

-- case: add-column-default
-- role: safe
ALTER TABLE customers ADD COLUMN active TINYINT(1) NOT NULL DEFAULT 1;

-- case: add-column-boolean-default
-- role: safe
ALTER TABLE customers ADD COLUMN newsletter BOOLEAN NOT NULL DEFAULT FALSE;

-- case: add-column-default-text
-- role: safe
ALTER TABLE purchases ADD COLUMN currency CHAR(3) NOT NULL DEFAULT 'CHF';

-- case: add-column-default-negative
-- role: safe
ALTER TABLE items ADD COLUMN offset_days INT NOT NULL DEFAULT -1;

-- case: add-column-default-decimal
-- role: safe
ALTER TABLE items ADD COLUMN tax DECIMAL(5,2) NOT NULL DEFAULT 8.10;

-- case: add-column-enum-default
-- role: safe
ALTER TABLE purchases ADD COLUMN channel ENUM('web','shop') NOT NULL DEFAULT 'web';

-- case: add-column-default-now
-- role: safe
ALTER TABLE purchases ADD COLUMN seen_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- case: add-column-default-now-on-update
-- role: safe
ALTER TABLE purchases ADD COLUMN touched_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;

-- case: add-column-default-constant-expression
-- role: safe
ALTER TABLE items ADD COLUMN window_days INT NOT NULL DEFAULT (7 * 2);

-- case: add-column-default-uuid
-- role: hazard
ALTER TABLE customers ADD COLUMN public_id CHAR(36) NOT NULL DEFAULT (UUID());

-- case: add-column-default-rand
-- role: advisory
ALTER TABLE customers ADD COLUMN bucket DOUBLE NOT NULL DEFAULT (RAND());

-- case: add-column-default-of-another-column
-- role: hazard
ALTER TABLE customers ADD COLUMN display_name VARCHAR(120) DEFAULT (CONCAT(last_name, '!'));

-- case: add-column-counting
-- role: hazard
ALTER TABLE journal ADD COLUMN id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST;

-- case: add-column-counting-unique
-- role: hazard
ALTER TABLE journal ADD COLUMN seq_no INT UNSIGNED NOT NULL AUTO_INCREMENT, ADD UNIQUE KEY journal_seq (seq_no);

-- case: add-column-serial
-- role: hazard
ALTER TABLE journal ADD COLUMN id SERIAL;

-- case: add-column-stored
-- role: hazard
ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) STORED;

-- case: add-column-persistent
-- role: hazard
ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.081) PERSISTENT;

-- case: add-column-virtual
-- role: safe
ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.081) VIRTUAL;

-- case: add-column-virtual-by-default
-- role: safe
ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081);

-- case: add-column-virtual-and-index
-- role: hazard
ALTER TABLE customers ADD COLUMN email_lower VARCHAR(190) AS (LOWER(email)) VIRTUAL, ADD INDEX customers_email_lower (email_lower);

-- case: add-column-required-text
-- role: hazard
ALTER TABLE customers ADD COLUMN tenant VARCHAR(20) NOT NULL;

-- case: add-column-required-number
-- role: hazard
ALTER TABLE journal ADD COLUMN tenant_id INT NOT NULL;

-- case: add-column-required-date
-- role: hazard
ALTER TABLE purchases ADD COLUMN due DATE NOT NULL;

-- case: add-column-required-enum
-- role: safe
ALTER TABLE preferences ADD COLUMN scope ENUM('all','one') NOT NULL;

-- case: add-column-text
-- role: safe
ALTER TABLE items ADD COLUMN hint TEXT;

-- case: add-column-text-default
-- role: safe
ALTER TABLE items ADD COLUMN hint TEXT NOT NULL DEFAULT 'none';

-- case: add-column-json
-- role: safe
ALTER TABLE items ADD COLUMN attributes JSON NULL;

-- case: add-column-json-default
-- role: safe
ALTER TABLE items ADD COLUMN attributes JSON NOT NULL DEFAULT '{}';

-- case: add-column-unique
-- role: safe
ALTER TABLE customers ADD COLUMN handle VARCHAR(30) NULL UNIQUE;

-- case: add-column-unique-with-default
-- role: hazard
ALTER TABLE customers ADD COLUMN handle VARCHAR(30) NOT NULL DEFAULT '' UNIQUE;

-- case: add-column-references
-- role: hazard
ALTER TABLE purchases ADD COLUMN supplier_id INT NULL REFERENCES suppliers (id);

-- case: add-column-and-foreign-key
-- role: hazard
ALTER TABLE purchases ADD COLUMN supplier_id INT NULL, ADD CONSTRAINT purchases_supplier_fk FOREIGN KEY (supplier_id) REFERENCES suppliers (id);

-- case: add-column-and-foreign-key-with-checks-off
-- role: safe
SET foreign_key_checks = 0;
ALTER TABLE purchases ADD COLUMN supplier_id INT NULL, ADD CONSTRAINT purchases_supplier_fk FOREIGN KEY (supplier_id) REFERENCES suppliers (id);
SET foreign_key_checks = 1;

-- case: add-column-check
-- role: safe
ALTER TABLE items ADD COLUMN rating INT NULL CHECK (rating BETWEEN 1 AND 5);

-- case: add-column-and-index
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL, ADD INDEX customers_phone (phone);

-- case: add-column-invisible
-- role: safe
ALTER TABLE customers ADD COLUMN secret INT INVISIBLE DEFAULT 0;

-- case: add-column-charset-comment
-- role: safe
ALTER TABLE customers ADD COLUMN nick VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'short; DROP TABLE nothing' AFTER email;

-- case: add-column-algorithm-instant
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL, ALGORITHM=INSTANT;

-- case: add-column-algorithm-copy
-- role: hazard
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL, ALGORITHM=COPY;

-- case: add-column-lock-shared
-- role: safe
ALTER TABLE customers ADD COLUMN phone VARCHAR(20) NULL, ALGORITHM=INPLACE, LOCK=SHARED;

-- case: add-column-lock-exclusive
-- role: hazard
ALTER TABLE customers ADD INDEX customers_zip (zip), LOCK=EXCLUSIVE;

-- case: add-column-stored-instant
-- role: hazard
ALTER TABLE items ADD COLUMN gross DECIMAL(12,4) AS (price * 1.081) STORED, ALGORITHM=INSTANT;

-- case: add-column-that-exists
-- role: hazard
ALTER TABLE customers ADD COLUMN city VARCHAR(60) NULL;

-- case: add-column-that-exists-if-not-exists
-- role: safe
ALTER TABLE customers ADD COLUMN IF NOT EXISTS city TEXT NOT NULL;

-- case: add-column-to-table-made-here
-- role: safe
CREATE TABLE wishes (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY);
ALTER TABLE wishes ADD COLUMN item_id INT UNSIGNED NOT NULL, ADD CONSTRAINT wishes_item_fk FOREIGN KEY (item_id) REFERENCES items (id);

-- case: add-column-to-two-tables
-- role: safe
ALTER TABLE customers ADD COLUMN region VARCHAR(20) NULL;
ALTER TABLE purchases ADD COLUMN region VARCHAR(20) NULL;

-- case: add-column-default-uuid-in-steps
-- role: safe
ALTER TABLE customers ADD COLUMN public_id CHAR(36) NULL;
ALTER TABLE customers ALTER COLUMN public_id SET DEFAULT (UUID());

-- case: add-column-to-partitioned
-- role: safe
ALTER TABLE clicks ADD COLUMN agent VARCHAR(50) NULL;
