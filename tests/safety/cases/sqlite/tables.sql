-- Tables made, dropped and renamed.

-- case: create-table
-- role: safe
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);
CREATE UNIQUE INDEX tags_name ON tags (name);
INSERT INTO tags (name) VALUES ('a'), ('b');

-- case: create-table-if-not-exists
-- role: safe
CREATE TABLE IF NOT EXISTS tags (id INTEGER PRIMARY KEY);

-- case: create-table-that-exists
-- role: hazard
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- case: create-strict-table
-- role: safe
CREATE TABLE payments (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL, meta ANY) STRICT, WITHOUT ROWID;

-- case: create-table-as
-- role: safe
CREATE TABLE users_copy AS SELECT * FROM users;

-- case: create-virtual-table
-- role: safe
CREATE VIRTUAL TABLE user_search USING fts5 (full_name, bio);

-- case: create-temp-table
-- role: safe
CREATE TEMP TABLE scratch AS SELECT id FROM users WHERE active = 0;
DROP TABLE scratch;

-- case: generated-columns-in-a-new-table
-- role: safe
CREATE TABLE boxes (w INTEGER, h INTEGER, area INTEGER GENERATED ALWAYS AS (w * h) STORED, half AS (w / 2));

-- case: drop-table
-- role: hazard
DROP TABLE labels;

-- case: drop-table-if-exists
-- role: hazard
DROP TABLE IF EXISTS audit_log;

-- case: drop-table-referenced-keys-off
-- role: hazard
DROP TABLE products;

-- case: drop-table-cascades-keys-on
-- role: hazard
PRAGMA foreign_keys = ON;
DROP TABLE users;

-- case: drop-table-set-null-keys-on
-- role: hazard
PRAGMA foreign_keys = ON;
DROP TABLE products;

-- case: drop-table-restricted-keys-on
-- role: hazard
-- setup: CREATE TABLE refunds (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices (id));
-- setup: INSERT INTO refunds SELECT id, id FROM invoices;
PRAGMA foreign_keys = ON;
DROP TABLE invoices;

-- case: drop-empty-table
-- role: advisory
DROP TABLE drafts;

-- case: drop-table-made-here
-- role: safe
CREATE TABLE tags (id INTEGER PRIMARY KEY);
INSERT INTO tags VALUES (1);
DROP TABLE tags;

-- case: drop-table-that-is-not-there
-- role: hazard
DROP TABLE customers;

-- case: drop-virtual-table
-- role: hazard
DROP TABLE product_search;

-- case: drop-table-in-a-view
-- role: hazard
DROP TABLE orders;

-- case: rename-table
-- role: hazard
ALTER TABLE labels RENAME TO markers;

-- case: rename-table-in-a-view
-- role: hazard
ALTER TABLE users RENAME TO accounts;

-- case: rename-table-with-a-view-of-the-old-name
-- role: advisory
ALTER TABLE audit_log RENAME TO journal;
CREATE VIEW audit_log AS SELECT id, message, detail FROM journal;

-- case: rename-table-and-back
-- role: safe
ALTER TABLE labels RENAME TO markers;
ALTER TABLE markers RENAME TO labels;

-- case: rename-table-made-here
-- role: safe
CREATE TABLE tag (id INTEGER PRIMARY KEY);
ALTER TABLE tag RENAME TO tags;

-- case: swap-tables
-- role: hazard
CREATE TABLE preferences_new (key TEXT PRIMARY KEY, value TEXT, note TEXT);
ALTER TABLE preferences RENAME TO preferences_old;
ALTER TABLE preferences_new RENAME TO preferences;

-- case: two-tables-dropped-children-first
-- role: hazard
PRAGMA foreign_keys = ON;
DROP TABLE invoices;
DROP TABLE order_items;

-- case: drop-rowid-table-keeps-copy
-- role: hazard
CREATE TABLE labels_backup AS SELECT * FROM labels;
DROP TABLE labels;

-- case: write-to-a-virtual-table
-- role: safe
INSERT INTO product_search (rowid, name, color) VALUES (900, 'New', 'blue');
INSERT INTO product_search (product_search) VALUES ('optimize');

-- case: fill-a-new-virtual-table
-- role: safe
CREATE VIRTUAL TABLE user_search USING fts5 (full_name, bio);
INSERT INTO user_search (rowid, full_name, bio) SELECT id, full_name, bio FROM users;

-- case: reset-a-sequence
-- role: advisory
UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'users';

-- case: insert-into-a-view-with-a-trigger
-- role: safe
CREATE VIEW plans AS SELECT DISTINCT plan FROM users;
CREATE TRIGGER plans_insert INSTEAD OF INSERT ON plans BEGIN
    INSERT INTO audit_log (message) VALUES (NEW.plan);
END;
INSERT INTO plans (plan) VALUES ('x');

-- case: drop-a-temporary-table-by-its-full-name
-- role: safe
CREATE TEMP TABLE scratch AS SELECT id FROM users;
DROP TABLE temp.scratch;
