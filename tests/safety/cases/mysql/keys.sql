-- case: create-index
-- role: safe
CREATE INDEX customers_zip ON customers (zip);

-- case: create-index-by-alter
-- role: safe
ALTER TABLE purchases ADD INDEX purchases_placed (placed_at);

-- case: create-index-if-not-exists
-- role: safe
CREATE INDEX IF NOT EXISTS purchases_placed ON purchases (placed_at);

-- case: create-index-prefix-descending
-- role: safe
CREATE INDEX customers_bio ON customers (bio(20), created_at DESC) USING BTREE;

-- case: create-index-in-place-lock-none
-- role: safe
CREATE INDEX purchases_placed ON purchases (placed_at) ALGORITHM=INPLACE LOCK=NONE;

-- case: create-index-lock-shared
-- role: hazard
CREATE INDEX purchases_placed ON purchases (placed_at) LOCK=SHARED;

-- case: create-index-algorithm-copy
-- role: hazard
CREATE INDEX purchases_placed ON purchases (placed_at) ALGORITHM=COPY;

-- case: create-index-instant-promise-fails
-- role: hazard
ALTER TABLE purchases ADD INDEX purchases_placed (placed_at), ALGORITHM=INSTANT;

-- case: create-unique-index-fits
-- role: advisory
CREATE UNIQUE INDEX customers_visits ON customers (visits);

-- case: create-unique-index-duplicates
-- role: hazard
CREATE UNIQUE INDEX customers_city_unique ON customers (city);

-- case: add-unique-duplicates
-- role: hazard
ALTER TABLE purchases ADD UNIQUE KEY purchases_coupon (coupon_id);

-- case: add-unique-constraint-fits
-- role: advisory
ALTER TABLE items ADD CONSTRAINT items_title UNIQUE (title);

-- case: alter-ignore-add-unique
-- role: hazard
ALTER IGNORE TABLE purchases ADD UNIQUE KEY purchases_coupon (coupon_id);

-- case: add-fulltext
-- role: hazard
ALTER TABLE items ADD FULLTEXT INDEX items_search (title, summary);

-- case: add-column-beside-fulltext
-- role: hazard
-- setup: ALTER TABLE items ADD FULLTEXT INDEX items_search (title, summary);
ALTER TABLE items ADD COLUMN heft INT NULL;

-- case: add-virtual-column-beside-fulltext
-- role: safe
-- setup: ALTER TABLE items ADD FULLTEXT INDEX items_search (title, summary);
ALTER TABLE items ADD COLUMN upper_title VARCHAR(200) AS (UPPER(title)) VIRTUAL;

-- case: drop-fulltext-then-add-column
-- role: safe
-- setup: ALTER TABLE items ADD FULLTEXT INDEX items_search (title, summary);
ALTER TABLE items DROP INDEX items_search;
ALTER TABLE items ADD COLUMN heft INT NULL;

-- case: create-fulltext-index
-- role: hazard
CREATE FULLTEXT INDEX customers_bio_search ON customers (bio);

-- case: add-spatial
-- role: hazard
-- setup: CREATE TABLE places (id INT PRIMARY KEY, spot POINT NOT NULL);
-- setup: INSERT INTO places SELECT seq, POINT(seq, seq) FROM seq_1_to_2000;
CREATE SPATIAL INDEX places_spot ON places (spot);

-- case: add-primary-key
-- role: advisory
ALTER TABLE journal ADD PRIMARY KEY (ref);

-- case: add-primary-key-duplicates
-- role: hazard
ALTER TABLE journal ADD PRIMARY KEY (topic);

-- case: change-primary-key
-- role: advisory
ALTER TABLE preferences DROP PRIMARY KEY, ADD PRIMARY KEY (name, changed);

-- case: add-index-twice-in-one
-- role: safe
ALTER TABLE purchases ADD INDEX a (placed_at), ADD INDEX b (total);

-- case: add-index-and-heavy-change
-- role: hazard
ALTER TABLE purchases ADD INDEX a (placed_at), MODIFY coupon_id BIGINT NULL;

-- case: add-foreign-key
-- role: hazard
-- setup: CREATE TABLE coupons (id INT PRIMARY KEY);
-- setup: INSERT INTO coupons SELECT seq - 1 FROM seq_1_to_2000;
ALTER TABLE purchases ADD CONSTRAINT purchases_coupon_fk FOREIGN KEY (coupon_id) REFERENCES coupons (id);

-- case: add-foreign-key-orphans
-- role: hazard
-- setup: CREATE TABLE coupons (id INT PRIMARY KEY);
-- setup: INSERT INTO coupons VALUES (1), (2);
ALTER TABLE purchases ADD CONSTRAINT purchases_coupon_fk FOREIGN KEY (coupon_id) REFERENCES coupons (id);

-- case: add-foreign-key-without-a-name
-- role: hazard
-- setup: CREATE TABLE coupons (id INT PRIMARY KEY);
-- setup: INSERT INTO coupons SELECT seq - 1 FROM seq_1_to_2000;
ALTER TABLE purchases ADD FOREIGN KEY (coupon_id) REFERENCES coupons (id) ON DELETE SET NULL;

-- case: add-foreign-key-with-checks-off
-- role: advisory
-- setup: CREATE TABLE coupons (id INT PRIMARY KEY);
-- setup: INSERT INTO coupons VALUES (1), (2);
SET FOREIGN_KEY_CHECKS = 0;
ALTER TABLE purchases ADD CONSTRAINT purchases_coupon_fk FOREIGN KEY (coupon_id) REFERENCES coupons (id);
SET FOREIGN_KEY_CHECKS = 1;

-- case: add-foreign-key-with-checks-off-and-on-again
-- role: hazard
-- setup: CREATE TABLE coupons (id INT PRIMARY KEY);
-- setup: INSERT INTO coupons SELECT seq - 1 FROM seq_1_to_2000;
SET FOREIGN_KEY_CHECKS = 0;
SET FOREIGN_KEY_CHECKS = 1;
ALTER TABLE purchases ADD CONSTRAINT purchases_coupon_fk FOREIGN KEY (coupon_id) REFERENCES coupons (id);

-- case: add-foreign-key-on-update-cascade
-- role: hazard
ALTER TABLE journal ADD CONSTRAINT journal_ref_fk FOREIGN KEY (ref) REFERENCES customers (id) ON UPDATE CASCADE ON DELETE CASCADE;

-- case: add-foreign-key-from-new-table
-- role: safe
CREATE TABLE addresses (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT NOT NULL,
  KEY (customer_id),
  FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- case: replace-foreign-key
-- role: hazard
ALTER TABLE purchase_lines DROP FOREIGN KEY purchase_lines_item_fk,
  ADD CONSTRAINT purchase_lines_item_fk2 FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE;

-- case: add-foreign-key-other-type
-- role: hazard
ALTER TABLE purchases ADD CONSTRAINT purchases_supplier_fk FOREIGN KEY (coupon_id) REFERENCES customers (id);

-- case: add-check
-- role: hazard
ALTER TABLE items ADD CONSTRAINT items_price_check CHECK (price > 0);

-- case: add-check-violated
-- role: hazard
ALTER TABLE items ADD CONSTRAINT items_stock_check CHECK (stock > 10);

-- case: add-check-that-old-writes-break
-- role: hazard
ALTER TABLE journal ADD CHECK (topic <> 'search');

-- case: convert-table-charset
-- role: hazard
ALTER TABLE letters CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- case: convert-table-charset-smaller
-- role: hazard
ALTER TABLE suppliers CONVERT TO CHARACTER SET latin1;

-- case: default-charset
-- role: safe
ALTER TABLE letters DEFAULT CHARACTER SET utf8mb4;

-- case: default-charset-and-collate
-- role: safe
ALTER TABLE letters CHARACTER SET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

-- case: engine-same
-- role: advisory
ALTER TABLE journal ENGINE=InnoDB;

-- case: engine-other
-- role: hazard
ALTER TABLE journal ENGINE=Aria;

-- case: force
-- role: advisory
ALTER TABLE journal FORCE;

-- case: row-format
-- role: advisory
ALTER TABLE journal ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;

-- case: auto-increment-higher
-- role: safe
ALTER TABLE customers AUTO_INCREMENT = 100000;

-- case: table-comment
-- role: safe
ALTER TABLE customers COMMENT = 'who buys; not who pays';

-- case: stats-setting
-- role: safe
ALTER TABLE customers STATS_PERSISTENT = 1;

-- case: order-by
-- role: hazard
ALTER TABLE journal ORDER BY at;

-- case: disable-enable-keys
-- role: safe
ALTER TABLE journal DISABLE KEYS;
ALTER TABLE journal ENABLE KEYS;

-- case: partition-a-table
-- role: hazard
ALTER TABLE journal PARTITION BY HASH (ref) PARTITIONS 4;

-- case: remove-partitioning
-- role: hazard
ALTER TABLE clicks REMOVE PARTITIONING;

-- case: add-partition-behind-maxvalue
-- role: hazard
ALTER TABLE clicks ADD PARTITION (PARTITION p2025 VALUES LESS THAN ('2026-01-01'));

-- case: add-partition
-- role: safe
-- setup: CREATE TABLE hits (id INT NOT NULL, day DATE NOT NULL) PARTITION BY RANGE COLUMNS (day) (PARTITION p0 VALUES LESS THAN ('2024-01-01'), PARTITION p1 VALUES LESS THAN ('2025-01-01'));
-- setup: INSERT INTO hits SELECT seq, DATE '2023-01-01' + INTERVAL seq % 600 DAY FROM seq_1_to_2000;
ALTER TABLE hits ADD PARTITION (PARTITION p2 VALUES LESS THAN ('2026-01-01'));

-- case: reorganize-partition
-- role: hazard
ALTER TABLE clicks REORGANIZE PARTITION pmax INTO (PARTITION p2025 VALUES LESS THAN ('2026-01-01'), PARTITION pmax VALUES LESS THAN (MAXVALUE));

-- case: reorganize-full-partition
-- role: hazard
ALTER TABLE clicks REORGANIZE PARTITION p2023, p2024 INTO (PARTITION p_old VALUES LESS THAN ('2025-01-01'));

-- case: exchange-partition
-- role: hazard
-- setup: CREATE TABLE clicks_2023 (id BIGINT NOT NULL, day DATE NOT NULL, url VARCHAR(100) NOT NULL, PRIMARY KEY (id, day)) DEFAULT CHARSET=utf8mb4;
ALTER TABLE clicks EXCHANGE PARTITION p2023 WITH TABLE clicks_2023;

-- case: coalesce-partition
-- role: hazard
-- setup: CREATE TABLE hashed (id INT NOT NULL PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4;
-- setup: INSERT INTO hashed SELECT seq, seq FROM seq_1_to_2000;
ALTER TABLE hashed COALESCE PARTITION 2;

-- case: add-hash-partition
-- role: hazard
-- setup: CREATE TABLE hashed (id INT NOT NULL PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4;
-- setup: INSERT INTO hashed SELECT seq, seq FROM seq_1_to_2000;
ALTER TABLE hashed ADD PARTITION PARTITIONS 2;

-- case: create-partitioned-table
-- role: safe
CREATE TABLE visits (id BIGINT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day))
PARTITION BY RANGE COLUMNS (day) (PARTITION p0 VALUES LESS THAN ('2026-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE));

-- case: analyze-table
-- role: safe
ANALYZE TABLE customers;

-- case: optimize-table
-- role: advisory
OPTIMIZE TABLE journal;

-- case: check-table
-- role: advisory
CHECK TABLE journal;

-- case: lock-tables-write
-- role: hazard
LOCK TABLES preferences WRITE, items READ;
INSERT INTO preferences (name, value) SELECT CONCAT('item', id), sku FROM items;
UNLOCK TABLES;

-- case: lock-tables-read
-- role: hazard
LOCK TABLES journal READ;
SELECT COUNT(*) FROM journal WHERE detail LIKE '%9';
UNLOCK TABLES;

-- case: lock-table-made-here
-- role: safe
CREATE TABLE levels (name VARCHAR(20) PRIMARY KEY, rebate INT NOT NULL);
LOCK TABLES levels WRITE;
INSERT INTO levels VALUES ('basic', 0);
UNLOCK TABLES;

-- case: rename-table
-- role: hazard
RENAME TABLE journal TO diary;

-- case: rename-table-by-alter
-- role: hazard
ALTER TABLE journal RENAME TO diary;

-- case: rename-table-by-alter-without-to
-- role: hazard
ALTER TABLE journal RENAME diary;

-- case: rename-table-behind-a-view
-- role: advisory
RENAME TABLE journal TO diary;
CREATE VIEW journal AS SELECT * FROM diary;

-- case: rename-swap
-- role: safe
CREATE TABLE journal_new LIKE journal;
ALTER TABLE journal_new ADD COLUMN id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST;
INSERT INTO journal_new (at, topic, detail, ref) SELECT at, topic, detail, ref FROM journal;
RENAME TABLE journal TO journal_old, journal_new TO journal;

-- case: rename-swap-then-drop
-- role: advisory
CREATE TABLE journal_new LIKE journal;
INSERT INTO journal_new SELECT * FROM journal;
RENAME TABLE journal TO journal_old, journal_new TO journal;
DROP TABLE journal_old;

-- case: rename-swap-leaves-a-column-then-drop
-- role: hazard
CREATE TABLE journal_new (at DATETIME NOT NULL, topic VARCHAR(40) NOT NULL, ref BIGINT NOT NULL) DEFAULT CHARSET=utf8mb4;
INSERT INTO journal_new (at, topic, ref) SELECT at, topic, ref FROM journal;
RENAME TABLE journal TO journal_old, journal_new TO journal;
DROP TABLE journal_old;

-- case: rename-swap-leaves-rows-then-drop
-- role: hazard
CREATE TABLE journal_new LIKE journal;
INSERT INTO journal_new SELECT * FROM journal WHERE at > '2022-01-02';
RENAME TABLE journal TO journal_old, journal_new TO journal;
DROP TABLE journal_old;

-- case: rename-swap-with-an-empty-one
-- role: hazard
CREATE TABLE preferences_new LIKE preferences;
RENAME TABLE preferences TO preferences_old, preferences_new TO preferences;

-- case: rename-table-made-here
-- role: safe
CREATE TABLE wishes (id INT PRIMARY KEY);
RENAME TABLE wishes TO wish_list;

-- case: create-table
-- role: safe
CREATE TABLE reviews (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  item_id INT UNSIGNED NOT NULL,
  rating TINYINT NOT NULL DEFAULT 3 CHECK (rating BETWEEN 1 AND 5),
  txt TEXT,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id), UNIQUE KEY one_each (item_id, rating), KEY by_rating (rating), FULLTEXT KEY words (txt),
  CONSTRAINT reviews_item_fk FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE ON UPDATE RESTRICT
) ENGINE=InnoDB AUTO_INCREMENT=1000 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='what buyers say; DROP TABLE items';

-- case: create-table-then-everything
-- role: safe
CREATE TABLE reviews (id INT PRIMARY KEY, txt VARCHAR(100));
ALTER TABLE reviews ADD COLUMN n INT NOT NULL;
CREATE UNIQUE INDEX reviews_n ON reviews (n);
ALTER TABLE reviews MODIFY txt VARCHAR(500) NOT NULL;
ALTER TABLE reviews DROP COLUMN n;
ALTER TABLE reviews CONVERT TO CHARACTER SET utf8mb4;

-- case: create-sequence
-- role: safe
CREATE SEQUENCE ticket_numbers START WITH 100 INCREMENT BY 1;

-- case: drop-sequence-unused
-- role: advisory
-- setup: CREATE SEQUENCE old_numbers;
DROP SEQUENCE old_numbers;

-- case: add-system-versioning
-- role: hazard
ALTER TABLE preferences ADD SYSTEM VERSIONING;

-- case: index-ignored
-- role: safe
ALTER TABLE customers ALTER INDEX customers_age IGNORED;

-- case: drop-system-versioning
-- role: hazard
-- setup: ALTER TABLE preferences ADD SYSTEM VERSIONING;
-- setup: UPDATE preferences SET note = 'second' WHERE changed < 100;
ALTER TABLE preferences DROP SYSTEM VERSIONING;

-- case: drop-index-doubled-for-foreign-key
-- role: safe
-- setup: CREATE INDEX purchases_customer_state ON purchases (customer_id, state);
ALTER TABLE purchases DROP INDEX purchases_customer;

-- case: drop-child-then-parent
-- role: hazard
DROP TABLE purchase_lines;
DROP TABLE purchases;

-- case: truncate-child
-- role: hazard
TRUNCATE TABLE purchase_lines;
