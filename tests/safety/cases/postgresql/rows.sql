-- Rows that are deleted, changed, merged, copied and inserted.
-- case: delete-one-equals-one
-- role: hazard
DELETE FROM audit_log WHERE 1 = 1;
-- case: delete-by-key
-- role: hazard
DELETE FROM settings WHERE key = 'key500';
-- case: delete-by-key-list
-- role: hazard
DELETE FROM settings WHERE key IN ('key1', 'key2', 'key3');
-- case: delete-duplicates
-- role: hazard
DELETE FROM users a USING users b WHERE a.id > b.id AND a.referral_code = b.referral_code AND a.id > 1990;
-- case: delete-orphans
-- role: hazard
DELETE FROM orders WHERE coupon_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM products p WHERE p.id = orders.coupon_id);
-- case: delete-in-cte
-- role: hazard
WITH gone AS (DELETE FROM sessions WHERE expires_at < '2025-07-01' RETURNING token) SELECT count(*) FROM gone;
-- case: delete-in-cte-moves-rows
-- role: hazard
CREATE TABLE audit_old (LIKE audit_log);
WITH moved AS (DELETE FROM audit_log WHERE at < '2025-01-02' RETURNING *) INSERT INTO audit_old SELECT * FROM moved;
-- case: delete-limited-by-ctid
-- role: hazard
DELETE FROM audit_log WHERE ctid IN (SELECT ctid FROM audit_log WHERE action = 'action3' LIMIT 100);
-- case: delete-from-partition-parent
-- role: hazard
DELETE FROM events WHERE at < '2025-02-01';
-- case: delete-nothing-matches-condition-false
-- role: safe
DELETE FROM settings WHERE false;
-- case: delete-from-new-table
-- role: safe
CREATE TABLE imports (id int);
INSERT INTO imports SELECT g FROM generate_series(1, 50) g;
DELETE FROM imports;
-- case: update-where-true
-- role: hazard
UPDATE products SET stock = 0 WHERE true;
-- case: update-computed-for-all
-- role: hazard
UPDATE products SET price = price * 1.1;
-- case: update-set-null
-- role: hazard
UPDATE users SET phone = NULL;
-- case: update-qualified-many
-- role: hazard
UPDATE users SET state = 'inactive' WHERE state = 'closed';
-- case: update-unknown-phones-to-null
-- role: hazard
UPDATE users SET phone = NULL WHERE phone = 'unknown';
-- case: update-from-other-table
-- role: hazard
UPDATE orders SET note = u.email FROM users u WHERE u.id = orders.user_id;
-- case: update-with-subquery
-- role: hazard
UPDATE users SET age = (SELECT count(*) FROM orders o WHERE o.user_id = users.id);
-- case: update-in-cte
-- role: hazard
WITH changed AS (UPDATE products SET active = false WHERE stock < 25 RETURNING id) SELECT count(*) FROM changed;
-- case: update-key-not-null
-- role: hazard
UPDATE users SET bio = '' WHERE id IS NOT NULL;
-- case: update-by-key
-- role: advisory
UPDATE settings SET value = 'on' WHERE key = 'key9';
-- case: update-fills-nulls
-- role: safe
UPDATE users SET nickname = 'none' WHERE nickname IS NULL;
-- case: update-coalesce
-- role: advisory
UPDATE users SET nickname = COALESCE(nickname, handle);
-- case: update-new-column-only
-- role: advisory
-- transaction: none
ALTER TABLE users ADD COLUMN region text;
UPDATE users SET region = 'eu';
-- case: update-new-column-in-batches
-- role: safe
-- transaction: none
ALTER TABLE users ADD COLUMN region text;
UPDATE users SET region = 'eu' WHERE id BETWEEN 1 AND 500;
UPDATE users SET region = 'eu' WHERE id BETWEEN 501 AND 1000;
-- case: update-new-column-earlier-release
-- role: hazard
-- setup: ALTER TABLE users ADD COLUMN region text DEFAULT 'us';
UPDATE users SET region = 'eu';
-- case: update-new-table
-- role: safe
CREATE TABLE flags (name text PRIMARY KEY, enabled boolean);
INSERT INTO flags VALUES ('a', false);
UPDATE flags SET enabled = true;
-- case: update-nothing-condition-false
-- role: safe
UPDATE users SET state = 'x' WHERE 1 = 0;
-- case: rails-reset-then-null-constraint
-- role: hazard
UPDATE "users" SET "nickname" = '' WHERE "nickname" IS NULL;
ALTER TABLE "users" ALTER COLUMN "nickname" SET NOT NULL;
-- case: merge-update
-- role: hazard
MERGE INTO settings s USING (VALUES ('key1', 'a'), ('key2', 'b')) v (key, value) ON s.key = v.key WHEN MATCHED THEN UPDATE SET value = v.value WHEN NOT MATCHED THEN INSERT (key, value) VALUES (v.key, v.value);
-- case: merge-delete
-- role: hazard
MERGE INTO sessions s USING users u ON s.user_id = u.id AND u.state = 'closed' WHEN MATCHED THEN DELETE;
-- case: merge-insert-only
-- role: safe
MERGE INTO settings s USING (VALUES ('fresh', 'a')) v (key, value) ON s.key = v.key WHEN NOT MATCHED THEN INSERT (key, value) VALUES (v.key, v.value);
-- case: upsert-overwrites
-- role: hazard
INSERT INTO settings (key, value) VALUES ('key1', 'changed'), ('brand', 'new') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
-- case: upsert-from-select
-- role: hazard
INSERT INTO settings (key, value) SELECT 'key' || id, email FROM users WHERE id < 500 ON CONFLICT (key) DO UPDATE SET value = excluded.value;
-- case: upsert-on-constraint
-- role: hazard
INSERT INTO users (id, email, full_name) VALUES (5, 'user5@shop.test', 'Someone Else') ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE SET full_name = excluded.full_name;
-- case: insert-do-nothing
-- role: safe
INSERT INTO settings (key, value) VALUES ('key1', 'x'), ('another', 'y') ON CONFLICT DO NOTHING;
-- case: insert-values
-- role: safe
INSERT INTO settings (key, value) VALUES ('tax', '20'), ('vat', '10');
-- case: insert-select-not-exists
-- role: safe
INSERT INTO settings (key, value) SELECT 'currency', 'EUR' WHERE NOT EXISTS (SELECT 1 FROM settings WHERE key = 'currency');
-- case: insert-duplicate-key
-- role: advisory
INSERT INTO settings (key, value) VALUES ('key1', 'again');
-- case: insert-select-many-into-new
-- role: safe
CREATE TABLE user_names AS SELECT id, full_name FROM users;
INSERT INTO user_names SELECT id + 100000, full_name FROM users;
-- case: insert-select-many-into-existing
-- role: safe
INSERT INTO audit_log (at, action) SELECT created_at, 'import' FROM users;
-- case: insert-fires-a-deleting-trigger
-- role: hazard
INSERT INTO import_buffer VALUES (1, 'x');
-- case: delete-then-insert-again
-- role: hazard
DELETE FROM settings WHERE key LIKE 'key9%';
INSERT INTO settings (key, value) SELECT 'key9' || g, 'fresh' FROM generate_series(0, 9) g;
-- case: select-for-update
-- role: advisory
SELECT id FROM users WHERE id = 5 FOR UPDATE;
-- case: select-into-table
-- role: safe
SELECT id, email INTO users_copy FROM users;
-- case: create-table-as
-- role: safe
CREATE TABLE orders_backup AS TABLE orders;
-- case: insert-rule-instead-delete
-- role: hazard
-- setup: CREATE TABLE inbox (id int); CREATE RULE inbox_clear AS ON INSERT TO inbox DO ALSO DELETE FROM settings WHERE key LIKE 'key2%';
INSERT INTO inbox VALUES (1);
-- case: update-through-view
-- role: hazard
UPDATE active_users SET full_name = 'anonymous';
-- case: delete-through-view
-- role: hazard
DELETE FROM active_users WHERE id > 1995;
-- case: delete-in-explain-analyze
-- role: hazard
EXPLAIN ANALYZE DELETE FROM sessions WHERE expires_at < '2025-06-20';
-- case: explain-delete
-- role: safe
EXPLAIN DELETE FROM sessions;
-- case: prepared-delete
-- role: hazard
PREPARE purge AS DELETE FROM sessions WHERE user_id = $1;
EXECUTE purge(17);
-- case: prepare-without-execute
-- role: safe
PREPARE purge AS DELETE FROM sessions WHERE user_id = $1;
DEALLOCATE purge;
