-- Statements that write rows.

-- case: insert-rows
-- role: safe
INSERT INTO preferences (key, value) VALUES ('theme', 'dark'), ('size', 'big');

-- case: insert-existing-key
-- role: hazard
INSERT INTO preferences (key, value) VALUES ('key17', 'other');

-- case: insert-or-ignore
-- role: safe
INSERT OR IGNORE INTO preferences (key, value) VALUES ('key17', 'other');

-- case: insert-or-replace
-- role: hazard
INSERT OR REPLACE INTO preferences (key, value) VALUES ('key17', 'other');

-- case: replace-into
-- role: hazard
REPLACE INTO preferences (key, value) VALUES ('key18', 'other');

-- case: replace-from-select
-- role: hazard
INSERT OR REPLACE INTO preferences (key, value) SELECT key, upper(value) FROM preferences;

-- case: replace-parent-cascades
-- role: hazard
PRAGMA foreign_keys = ON;
REPLACE INTO users (id, email, full_name) VALUES (17, 'user17@shop.test', 'Other');

-- case: upsert-nothing
-- role: safe
INSERT INTO preferences (key, value) VALUES ('key17', 'other') ON CONFLICT (key) DO NOTHING;

-- case: upsert-update
-- role: hazard
INSERT INTO preferences (key, value) VALUES ('key17', 'other') ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- case: upsert-all
-- role: hazard
INSERT INTO preferences (key, value) SELECT key, 'x' FROM preferences WHERE true ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- case: delete-all
-- role: hazard
DELETE FROM labels;

-- case: delete-true
-- role: hazard
DELETE FROM audit_log WHERE 1;

-- case: delete-old
-- role: hazard
DELETE FROM audit_log WHERE id < 1000;

-- case: delete-by-key
-- role: hazard
DELETE FROM preferences WHERE key = 'key17';

-- case: delete-nothing-new-table
-- role: safe
CREATE TABLE tags (id INTEGER PRIMARY KEY);
INSERT INTO tags VALUES (1), (2);
DELETE FROM tags;

-- case: delete-in-subquery
-- role: hazard
DELETE FROM order_items WHERE order_id IN (SELECT id FROM orders WHERE status = 'closed');

-- case: delete-cascades-keys-on
-- role: hazard
PRAGMA foreign_keys = ON;
DELETE FROM users WHERE plan = 'free' AND id > 1900;

-- case: delete-restricted-keys-on
-- role: hazard
PRAGMA foreign_keys = ON;
DELETE FROM orders WHERE id = 5;

-- case: delete-duplicates
-- role: hazard
DELETE FROM labels WHERE rowid NOT IN (SELECT min(rowid) FROM labels GROUP BY name);

-- case: delete-with-cte
-- role: hazard
WITH old AS (SELECT id FROM audit_log WHERE id < 50) DELETE FROM audit_log WHERE id IN (SELECT id FROM old);

-- case: update-all
-- role: hazard
UPDATE users SET plan = 'free';

-- case: update-most
-- role: hazard
UPDATE orders SET note = 'none' WHERE note IS NOT NULL;

-- case: update-new-column
-- role: advisory
ALTER TABLE users ADD COLUMN lower_email TEXT;
UPDATE users SET lower_email = lower(email);

-- case: update-nulls-only
-- role: safe
UPDATE users SET nickname = 'nobody' WHERE nickname IS NULL AND id < 10;

-- case: update-by-key
-- role: advisory
UPDATE preferences SET value = 'other' WHERE key = 'key17';

-- case: update-from
-- role: hazard
UPDATE orders SET note = u.full_name FROM users u WHERE u.id = orders.user_id;

-- case: update-fires-a-trigger
-- role: hazard
UPDATE products SET price = price * 1.1;

-- case: update-violates-a-check
-- role: hazard
UPDATE orders SET status = 'unknown';

-- case: update-or-ignore
-- role: hazard
UPDATE OR REPLACE products SET sku = 'SKU1' WHERE id < 5;

-- case: backfill-then-index
-- role: advisory
ALTER TABLE users ADD COLUMN slug TEXT;
UPDATE users SET slug = 'u' || id WHERE slug IS NULL;
CREATE UNIQUE INDEX users_slug ON users (slug);

-- case: words-in-comments-and-strings
-- role: safe
-- DROP TABLE users; DELETE FROM orders;
INSERT INTO audit_log (message) VALUES ('DROP TABLE users; DELETE FROM orders');
/* UPDATE users SET plan = 'x'; */

-- case: insert-select-into-existing
-- role: safe
INSERT INTO drafts (body) SELECT 'draft of ' || id FROM users WHERE id < 50;

-- case: select-only
-- role: safe
SELECT count(*) FROM users;
SELECT load_extension IS NULL FROM (SELECT 1 AS load_extension);

-- case: delete-with-limit
-- role: hazard
DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log ORDER BY id LIMIT 100);

-- case: move-rows
-- role: hazard
CREATE TABLE archive (id INTEGER PRIMARY KEY, message TEXT);
INSERT INTO archive SELECT id, message FROM audit_log WHERE id < 700;
DELETE FROM audit_log WHERE id < 700;
