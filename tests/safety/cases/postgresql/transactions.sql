-- case: held-add-column-then-backfill-other-table
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
UPDATE products SET description = 'none' WHERE description IS NULL;
-- case: held-add-column-then-backfill-by-key
-- role: safe
ALTER TABLE users ADD COLUMN city text;
UPDATE users SET city = 'Graz' WHERE id = 5;
-- case: held-add-column-then-few-rows-inserted
-- role: safe
ALTER TABLE settings ADD COLUMN note text;
INSERT INTO settings (key, value, note) VALUES ('new', 'x', 'y');
-- case: held-add-column-then-select
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
SELECT count(*) FROM orders;
-- case: held-add-column-then-select-by-key
-- role: safe
ALTER TABLE users ADD COLUMN city text;
SELECT id FROM orders WHERE id = 5;
-- case: held-add-column-then-select-limit
-- role: safe
ALTER TABLE users ADD COLUMN city text;
SELECT id FROM orders LIMIT 1;
-- case: held-add-column-then-select-without-table
-- role: safe
ALTER TABLE users ADD COLUMN city text;
SELECT set_config('search_path', 'public', false);
-- case: held-add-column-then-exists
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
SELECT 1 WHERE EXISTS (SELECT 1 FROM orders WHERE note = 'no such note');
-- case: held-work-first-then-lock
-- role: safe
SELECT count(*) FROM audit_log;
ALTER TABLE users ADD COLUMN city text;
-- case: held-backfill-before-ddl
-- role: safe
INSERT INTO settings (key, value) VALUES ('new', 'v');
ALTER TABLE users ADD COLUMN city text;
-- case: held-drop-table-then-update-elsewhere
-- role: hazard
DROP TABLE team_limits;
UPDATE sessions SET expires_at = now() WHERE user_id = 5;
-- case: held-drop-table-of-the-file
-- role: safe
CREATE TABLE scratch (id integer);
DROP TABLE scratch;
SELECT count(*) FROM orders;
-- case: held-create-table-with-key-then-fill
-- role: hazard
CREATE TABLE scores (user_id bigint PRIMARY KEY REFERENCES users (id), points integer);
INSERT INTO scores SELECT id, age FROM users;
-- case: held-create-table-with-key-then-fill-from-elsewhere
-- role: hazard
CREATE TABLE stock_log (id bigserial PRIMARY KEY, product_id integer REFERENCES products (id), note text);
INSERT INTO stock_log (note) SELECT action FROM audit_log;
-- case: held-create-table-then-fill
-- role: safe
CREATE TABLE scores (user_id bigint PRIMARY KEY, points integer);
INSERT INTO scores SELECT id, age FROM users;
-- case: held-create-table-fill-then-key
-- role: safe
CREATE TABLE scores (user_id bigint PRIMARY KEY, points integer);
INSERT INTO scores SELECT id, age FROM users;
CREATE INDEX scores_points ON scores (points);
-- case: held-create-table-fill-then-foreign-key
-- role: hazard
CREATE TABLE scores (user_id bigint PRIMARY KEY, points integer);
INSERT INTO scores SELECT id, age FROM users;
ALTER TABLE scores ADD FOREIGN KEY (user_id) REFERENCES users (id);
-- case: held-create-table-as-after-ddl
-- role: hazard
ALTER TABLE products ADD COLUMN colour text;
CREATE TABLE orders_copy AS SELECT * FROM orders;
-- case: held-create-table-as
-- role: safe
CREATE TABLE orders_copy AS SELECT * FROM orders;
CREATE INDEX orders_copy_id ON orders_copy (id);
-- case: held-create-table-as-no-data
-- role: safe
ALTER TABLE products ADD COLUMN colour text;
CREATE TABLE orders_copy AS SELECT * FROM orders WITH NO DATA;
-- case: held-materialized-view-after-ddl
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
CREATE MATERIALIZED VIEW stock_of AS SELECT name, sum(stock) AS stock FROM products GROUP BY name;
-- case: held-materialized-view-alone
-- role: safe
CREATE MATERIALIZED VIEW stock_of AS SELECT name, sum(stock) AS stock FROM products GROUP BY name;
CREATE UNIQUE INDEX stock_of_name ON stock_of (name);
-- case: held-materialized-view-no-data
-- role: safe
ALTER TABLE users ADD COLUMN city text;
CREATE MATERIALIZED VIEW stock_of AS SELECT name, sum(stock) AS stock FROM products GROUP BY name WITH NO DATA;
-- case: held-view-after-ddl
-- role: safe
ALTER TABLE users ADD COLUMN city text;
CREATE VIEW cities AS SELECT id, city FROM users;
-- case: held-several-brief-locks
-- role: safe
ALTER TABLE users ADD COLUMN a text;
ALTER TABLE orders ADD COLUMN a text;
ALTER TABLE products ALTER COLUMN stock SET DEFAULT 1;
DROP TRIGGER orders_stamp ON orders;
CREATE TRIGGER orders_stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
COMMENT ON COLUMN users.a IS 'a';
-- case: held-brief-lock-then-index
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
CREATE INDEX users_city ON users (city);
-- case: held-brief-lock-then-index-on-other
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
CREATE INDEX orders_note_idx ON orders (note);
-- case: held-not-valid-then-validate-elsewhere
-- role: hazard
-- setup: ALTER TABLE orders ADD CONSTRAINT amount_ok CHECK (amount >= 0) NOT VALID;
ALTER TABLE users ADD COLUMN city text;
ALTER TABLE orders VALIDATE CONSTRAINT amount_ok;
-- case: held-validate-first
-- role: safe
-- setup: ALTER TABLE orders ADD CONSTRAINT amount_ok CHECK (amount >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT amount_ok;
ALTER TABLE users ADD COLUMN city text;
-- case: held-commit-between
-- role: safe
-- transaction: none
BEGIN;
ALTER TABLE users ADD COLUMN city text;
COMMIT;
BEGIN;
SELECT count(*) FROM orders;
COMMIT;
-- case: held-commit-inside-wrapped-file
-- role: safe
ALTER TABLE users ADD COLUMN city text;
COMMIT;
SELECT count(*) FROM orders;
-- case: held-begin-without-commit
-- role: hazard
-- transaction: none
BEGIN;
ALTER TABLE users ADD COLUMN city text;
SELECT count(*) FROM orders;
-- case: held-explicit-transaction
-- role: hazard
-- transaction: none
START TRANSACTION;
ALTER TABLE users ADD COLUMN city text;
DELETE FROM audit_log WHERE at < '2025-01-02';
COMMIT;
-- case: held-not-wrapped
-- role: safe
-- transaction: none
ALTER TABLE users ADD COLUMN city text;
SELECT count(*) FROM orders;
-- case: held-savepoint
-- role: hazard
BEGIN;
SAVEPOINT before;
ALTER TABLE users ADD COLUMN city text;
RELEASE SAVEPOINT before;
SELECT count(*) FROM orders;
COMMIT;
-- case: held-rolled-back-to-savepoint
-- role: safe
SAVEPOINT before;
ALTER TABLE users ADD COLUMN city text;
ROLLBACK TO SAVEPOINT before;
SELECT count(*) FROM orders;
-- case: held-after-savepoint-of-later
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
SAVEPOINT later;
ALTER TABLE products ADD COLUMN colour text;
ROLLBACK TO SAVEPOINT later;
SELECT count(*) FROM orders;
-- case: held-rolled-back
-- role: safe
-- transaction: none
BEGIN;
ALTER TABLE users ADD COLUMN city text;
ROLLBACK;
SELECT count(*) FROM orders;
-- case: held-chain
-- role: safe
-- transaction: none
BEGIN;
ALTER TABLE users ADD COLUMN city text;
COMMIT AND CHAIN;
SELECT count(*) FROM orders;
COMMIT;
-- case: held-do-block-with-ddl-and-loop
-- role: hazard
DO $$
BEGIN
  ALTER TABLE users ADD COLUMN city text;
  UPDATE orders SET note = note || '.' WHERE quantity > 2;
END $$;
-- case: held-trigger-then-update
-- role: hazard
CREATE TRIGGER products_stamp AFTER INSERT ON products FOR EACH STATEMENT EXECUTE FUNCTION forget_values();
UPDATE products SET stock = 0 WHERE stock > 10;
-- case: held-disable-trigger-update-enable
-- role: hazard
ALTER TABLE orders DISABLE TRIGGER orders_stamp;
UPDATE orders SET note = '' WHERE note IS NULL OR quantity > 1;
ALTER TABLE orders ENABLE TRIGGER orders_stamp;
-- case: held-rename-then-select
-- role: hazard
ALTER TABLE products RENAME COLUMN description TO details;
SELECT count(*) FROM products WHERE details LIKE 'w%';
-- case: held-index-then-update
-- role: hazard
CREATE INDEX ON sessions (expires_at);
DELETE FROM sessions WHERE expires_at < '2025-06-10';
-- case: held-index-then-other-index
-- role: hazard
CREATE INDEX a_idx ON orders (note);
CREATE INDEX b_idx ON users (zip);
-- case: held-truncate-then-fill
-- role: hazard
TRUNCATE import_buffer;
INSERT INTO import_buffer (id, line) SELECT id, note FROM orders;
-- case: held-comment-then-scan
-- role: safe
COMMENT ON TABLE users IS 'people';
SELECT count(*) FROM users;
-- case: held-statistics-then-scan
-- role: safe
ALTER TABLE users ALTER COLUMN zip SET STATISTICS 500;
SELECT count(*) FROM users;
-- case: held-grant-then-scan
-- role: safe
GRANT SELECT ON users TO shop_reader;
SELECT count(*) FROM users;
-- case: held-analyze-after-ddl
-- role: advisory
ALTER TABLE users ADD COLUMN city text;
ANALYZE users;
-- case: held-update-of-own-new-table
-- role: safe
CREATE TABLE ranks (id bigint PRIMARY KEY, name text);
INSERT INTO ranks SELECT g, 'r' || g FROM generate_series(1, 2000) g;
UPDATE ranks SET name = upper(name);
DELETE FROM ranks WHERE id > 1000;
-- case: held-temporary-table
-- role: safe
CREATE TEMPORARY TABLE keep ON COMMIT DROP AS SELECT id FROM users WHERE plan = 'free';
SELECT count(*) FROM keep;
-- case: held-temporary-table-after-ddl
-- role: hazard
ALTER TABLE products ADD COLUMN colour text;
CREATE TEMP TABLE keep AS SELECT id FROM users WHERE plan = 'free';
-- case: held-default-and-fill-by-select
-- role: hazard
ALTER TABLE audit_log ADD COLUMN user_id bigint;
INSERT INTO audit_log (at, action, user_id) SELECT now(), 'start', id FROM users;
-- case: held-copy-to-new-table
-- role: hazard
CREATE TABLE products_new (LIKE products INCLUDING ALL);
INSERT INTO products_new SELECT * FROM products;
ALTER TABLE products RENAME TO products_old;
ALTER TABLE products_new RENAME TO products;
-- case: held-enum-value-then-scan
-- role: safe
ALTER TYPE order_status ADD VALUE 'lost';
SELECT count(*) FROM orders;
-- case: held-policy-then-scan
-- role: hazard
CREATE POLICY own ON products USING (true);
SELECT count(*) FROM orders;
-- case: held-sequence-of-max
-- role: hazard
ALTER TABLE products ALTER COLUMN stock SET DEFAULT 2;
SELECT setval('invoice_number', (SELECT count(*) FROM orders));
-- case: held-lock-then-nothing
-- role: advisory
LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
-- case: held-lock-share-then-scan
-- role: hazard
LOCK TABLE users IN SHARE MODE;
SELECT count(*) FROM orders;
-- case: held-lock-weak-then-scan
-- role: safe
LOCK TABLE users IN ROW EXCLUSIVE MODE;
SELECT count(*) FROM orders;
-- case: held-lock-access-share
-- role: safe
LOCK TABLE users IN ACCESS SHARE MODE;
-- case: held-lock-nowait
-- role: hazard
LOCK TABLE ONLY products IN EXCLUSIVE MODE NOWAIT;
UPDATE products SET stock = stock + 1 WHERE stock < 50;
-- case: backfill-by-key-ranges
-- role: safe
-- transaction: none
UPDATE users SET nickname = 'x' WHERE id BETWEEN 10 AND 60 AND nickname IS NULL;
UPDATE users SET nickname = 'x' WHERE id BETWEEN 61 AND 110 AND nickname IS NULL;
-- case: backfill-new-column-alone
-- role: advisory
-- setup: ALTER TABLE users ADD COLUMN city text;
UPDATE users SET city = 'Graz' WHERE city IS NULL;
-- case: backfill-where-null
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
UPDATE users SET city = zip WHERE city IS NULL;
-- case: backfill-not-wrapped
-- role: advisory
-- transaction: none
ALTER TABLE users ADD COLUMN city text;
UPDATE users SET city = zip;
-- case: backfill-with-limit-in-subquery
-- role: hazard
ALTER TABLE orders ADD COLUMN batch integer;
UPDATE orders SET batch = 1 WHERE id IN (SELECT id FROM orders WHERE batch IS NULL LIMIT 1000);
-- case: settings-then-safe
-- role: safe
SET lock_timeout = '2s';
SET statement_timeout = '30s';
ALTER TABLE users ADD COLUMN city text;
-- case: settings-switched-off
-- role: advisory
SET lock_timeout = 0;
SET statement_timeout = 0;
ALTER TABLE users ADD COLUMN city text;
