-- case: wild-rebuild-as-strict-with-text-in-integer
-- role: hazard
CREATE TABLE labels_new (name TEXT, weight INTEGER) STRICT;
INSERT INTO labels_new (name, weight) SELECT name, name FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;

-- case: wild-rebuild-as-strict
-- role: hazard
CREATE TABLE audit_log_new (id INTEGER PRIMARY KEY, message TEXT, detail TEXT) STRICT;
INSERT INTO audit_log_new (id, message, detail) SELECT id, message, detail FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE audit_log_new RENAME TO audit_log;

-- case: wild-rebuild-zip-to-numeric
-- role: hazard
CREATE TABLE labels_new (name TEXT, weight NUMERIC);
INSERT INTO labels_new (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;

-- case: wild-rebuild-forgets-a-default
-- role: hazard
PRAGMA foreign_keys = OFF;
CREATE TABLE products_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT, price REAL NOT NULL, stock INTEGER NOT NULL, color TEXT);
INSERT INTO products_new (id, name, sku, price, stock, color) SELECT id, name, sku, price, stock, color FROM products;
DROP TABLE products;
ALTER TABLE products_new RENAME TO products;
CREATE UNIQUE INDEX products_sku_key ON products (sku);
CREATE TRIGGER products_price AFTER UPDATE OF price ON products BEGIN
    INSERT INTO audit_log (message) VALUES ('price of ' || NEW.id);
END;
PRAGMA foreign_keys = ON;

-- case: wild-rebuild-with-deferred-keys
-- role: hazard
PRAGMA foreign_keys = ON;
PRAGMA defer_foreign_keys = ON;
BEGIN;
CREATE TABLE users_new (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT, bio TEXT, age INTEGER CHECK (age IS NULL OR age >= 0), zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO users_new SELECT id, email, full_name, nickname, bio, age, zip, balance, plan, active, created_at FROM users;
DROP VIEW order_overview;
DROP VIEW active_users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
CREATE INDEX users_age_idx ON users (age);
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE active = 1;
CREATE VIEW order_overview AS SELECT o.id, o.status, u.email FROM orders o JOIN users u ON u.id = o.user_id;
COMMIT;

-- case: wild-update-or-replace
-- role: hazard
UPDATE OR REPLACE products SET sku = 'SKU1' WHERE id < 10;

-- case: wild-harmless-pragmas
-- role: safe
PRAGMA optimize;
PRAGMA integrity_check;
PRAGMA table_info(users);
PRAGMA busy_timeout = 5000;
PRAGMA recursive_triggers = ON;
PRAGMA wal_checkpoint(TRUNCATE);

-- case: wild-rename-to-other-case
-- role: hazard
ALTER TABLE drafts RENAME TO Drafts;

-- case: wild-split-table
-- role: hazard
CREATE TABLE product_colors (product_id INTEGER PRIMARY KEY, color TEXT);
INSERT INTO product_colors SELECT id, color FROM products;
ALTER TABLE products DROP COLUMN color;

-- case: wild-required-with-function-default
-- role: hazard
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT (lower('A'));

-- case: wild-boolean-default
-- role: safe
ALTER TABLE users ADD COLUMN verified BOOLEAN NOT NULL DEFAULT FALSE;

-- case: wild-sequence-row-deleted
-- role: advisory
DELETE FROM sqlite_sequence WHERE name = 'users';

-- case: wild-search-rebuilt
-- role: advisory
INSERT INTO product_search (product_search) VALUES ('rebuild');

-- case: wild-constraints-without-commas
-- role: safe
CREATE TABLE visits (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, product_id CHARACTER(36),
    CONSTRAINT visits_user FOREIGN KEY (user_id) REFERENCES users (id) MATCH SIMPLE ON DELETE CASCADE
    CONSTRAINT visits_product FOREIGN KEY (product_id) REFERENCES products (id)
    UNIQUE (user_id, product_id) CHECK (id > 0));

-- case: wild-index-moves-with-a-rebuild
-- role: safe
PRAGMA foreign_keys = OFF;
PRAGMA legacy_alter_table = ON;
BEGIN;
ALTER TABLE products RENAME TO products_old;
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, color TEXT);
DROP INDEX IF EXISTS products_sku_key;
CREATE UNIQUE INDEX products_sku_key ON products (sku);
INSERT INTO products (id, name, sku, price, stock, color) SELECT id, name, sku, price, stock, color FROM products_old;
DROP TABLE products_old;
CREATE TRIGGER products_price AFTER UPDATE OF price ON products BEGIN
    INSERT INTO audit_log (message) VALUES ('price of ' || NEW.id);
END;
COMMIT;
PRAGMA foreign_keys = ON;

-- case: wild-unique-index-made-wider
-- role: hazard
BEGIN;
DROP INDEX products_sku_key;
CREATE UNIQUE INDEX products_sku_key ON products (sku, color);
COMMIT;

-- case: wild-unique-index-made-again
-- role: advisory
BEGIN;
DROP INDEX products_sku_key;
CREATE UNIQUE INDEX IF NOT EXISTS products_sku_key ON products (sku COLLATE BINARY);
COMMIT;

-- case: wild-rebuild-forgets-the-cascade
-- role: advisory
PRAGMA foreign_keys = OFF;
CREATE TABLE order_items_new (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL, title TEXT, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
INSERT INTO order_items_new (order_id, line, title) SELECT order_id, line, title FROM order_items;
DROP TABLE order_items;
ALTER TABLE order_items_new RENAME TO order_items;
PRAGMA foreign_keys = ON;

-- case: wild-rebuild-without-rowid-with-null-key
-- role: hazard
CREATE TABLE labels_new (name TEXT PRIMARY KEY, weight TEXT) WITHOUT ROWID;
INSERT INTO labels_new (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;

-- case: wild-rebuild-or-replace-under-a-new-key
-- role: hazard
CREATE TABLE labels_new (name TEXT PRIMARY KEY, weight TEXT);
INSERT OR REPLACE INTO labels_new (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;

-- case: wild-rebuild-unions
-- role: safe
CREATE TABLE drafts_new (id INTEGER PRIMARY KEY, body TEXT, kind TEXT);
INSERT INTO drafts_new (id, body) SELECT id, body FROM drafts;
DROP TABLE drafts;
ALTER TABLE drafts_new RENAME TO drafts;

-- case: wild-delete-with-row-value
-- role: hazard
DELETE FROM order_items WHERE (order_id, line) IN (SELECT id, 1 FROM orders WHERE status = 'closed');

-- case: wild-bracketed-and-backticked-names
-- role: hazard
ALTER TABLE [users] DROP COLUMN `nickname`;

-- case: wild-name-in-single-quotes
-- role: hazard
DROP TABLE 'preferences';

-- case: wild-main-prefix
-- role: hazard
DROP TABLE main.preferences;

-- case: wild-trigger-made-and-fired
-- role: hazard
CREATE TRIGGER clean AFTER UPDATE ON drafts BEGIN DELETE FROM preferences; END;
INSERT INTO drafts (id, body) VALUES (1, 'x');
UPDATE drafts SET body = 'y' WHERE id = 1;

-- case: wild-fill-with-recursive-query
-- role: safe
CREATE TABLE days (n INTEGER PRIMARY KEY);
WITH RECURSIVE d (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 366) INSERT INTO days SELECT n FROM d;

-- case: wild-json-column-rewritten
-- role: hazard
UPDATE preferences SET value = json_object('v', value);

-- case: wild-case-insensitive-unique
-- role: advisory
CREATE UNIQUE INDEX users_email_nocase ON users (email COLLATE NOCASE);

-- case: wild-dates-rewritten-where-old
-- role: hazard
UPDATE orders SET placed_at = placed_at || 'T00:00:00Z' WHERE placed_at NOT LIKE '%T%';
