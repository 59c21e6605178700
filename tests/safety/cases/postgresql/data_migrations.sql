-- Rows changed on the way, as data migrations do it.
-- case: split-name-into-new-columns
-- role: advisory
-- transaction: none
ALTER TABLE users ADD COLUMN first_name text, ADD COLUMN last_name text;
UPDATE users SET first_name = split_part(full_name, ' ', 1), last_name = split_part(full_name, ' ', 2);
-- case: normalise-emails
-- role: hazard
UPDATE users SET email = upper(email);
-- case: map-old-state-values
-- role: hazard
UPDATE users SET state = CASE state WHEN 'active' THEN 'enabled' WHEN 'closed' THEN 'disabled' ELSE state END;
-- case: shorten-notes
-- role: hazard
UPDATE orders SET note = left(note, 3) WHERE length(note) > 3;
-- case: anonymise-old-users
-- role: hazard
UPDATE users SET email = 'deleted-' || id || '@shop.test', full_name = NULL, phone = NULL WHERE created_at < '2025-02-04';
-- case: backfill-from-join
-- role: safe
-- transaction: none
ALTER TABLE orders ADD COLUMN customer_email text;
UPDATE orders o SET customer_email = u.email FROM users u WHERE u.id = o.user_id AND o.id BETWEEN 1 AND 400;
-- case: backfill-null-only-by-join
-- role: safe
UPDATE orders SET updated_at = placed_at WHERE updated_at IS NULL AND id < 60;
-- case: delete-expired-with-returning
-- role: hazard
DELETE FROM sessions WHERE expires_at < now() - interval '30 days' RETURNING token;
-- case: delete-test-accounts
-- role: hazard
DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE email LIKE '%9@shop.test');
-- case: delete-everything-by-subquery
-- role: hazard
DELETE FROM settings WHERE key IN (SELECT key FROM settings);
-- case: delete-not-in
-- role: hazard
DELETE FROM team_limits WHERE team_code NOT IN (SELECT code FROM teams WHERE code LIKE 'team1%');
-- case: delete-duplicates-with-window
-- role: hazard
WITH ranked AS (SELECT ctid, row_number() OVER (PARTITION BY action ORDER BY at) AS place FROM audit_log)
DELETE FROM audit_log a USING ranked r WHERE a.ctid = r.ctid AND r.place > 10;
-- case: move-to-archive
-- role: hazard
INSERT INTO archive.old_orders SELECT id, user_id, amount, placed_at FROM orders WHERE id > 2900;
DELETE FROM orders WHERE id > 2900;
-- case: copy-to-archive-only
-- role: safe
INSERT INTO archive.old_orders (id, user_id, amount, placed_at) SELECT id, user_id, amount, placed_at FROM orders WHERE id > 2900;
-- case: seed-roles
-- role: safe
INSERT INTO teams (code, title) VALUES ('ops', 'Operations'), ('fin', 'Finance') ON CONFLICT (code) DO NOTHING;
-- case: seed-overwrites-title
-- role: hazard
INSERT INTO teams (code, title) VALUES ('team1', 'First team') ON CONFLICT (code) DO UPDATE SET title = excluded.title;
-- case: upsert-that-only-fills
-- role: advisory
INSERT INTO settings (key, value) VALUES ('key1', 'x') ON CONFLICT (key) DO UPDATE SET value = coalesce(settings.value, excluded.value);
-- case: upsert-conflict-on-new-table
-- role: safe
CREATE TABLE rates (currency text PRIMARY KEY, rate numeric);
INSERT INTO rates VALUES ('EUR', 1), ('USD', 1.1) ON CONFLICT (currency) DO UPDATE SET rate = excluded.rate;
-- case: merge-not-matched-by-source
-- role: hazard
-- since: 17
MERGE INTO settings s USING (SELECT key FROM settings WHERE key < 'key5') k ON s.key = k.key WHEN NOT MATCHED BY SOURCE THEN DELETE;
-- case: merge-do-nothing
-- role: safe
MERGE INTO settings s USING (VALUES ('key1')) v (key) ON s.key = v.key WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (v.key, 'x');
-- case: swap-values-of-two-columns
-- role: hazard
UPDATE products SET name = description, description = name WHERE description IS NOT NULL;
-- case: increment-by-one
-- role: hazard
UPDATE orders SET quantity = quantity + 1000;
-- case: touch-updated-at
-- role: hazard
-- setup: UPDATE orders SET updated_at = '2025-04-01';
UPDATE orders SET updated_at = now();
-- case: set-same-default
-- role: safe
UPDATE products SET active = true WHERE active IS NULL;
-- case: reset-to-default
-- role: hazard
UPDATE users SET settings = DEFAULT;
-- case: json-key-removed
-- role: hazard
UPDATE users SET settings = settings - 'theme';
-- case: json-key-added
-- role: hazard
UPDATE users SET settings = settings || '{"beta": true}';
-- case: array-appended
-- role: hazard
UPDATE users SET tags = array_append(tags, 'migrated') WHERE id < 500;
-- case: update-only-parent
-- role: hazard
UPDATE ONLY products SET stock = 0;
-- case: update-alias
-- role: hazard
UPDATE users AS u SET nickname = u.handle;
-- case: update-tuple
-- role: hazard
UPDATE products SET (name, sku) = (upper(name), lower(sku));
-- case: update-where-exists
-- role: hazard
UPDATE users SET is_admin = false WHERE EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id);
-- case: update-where-or-true
-- role: hazard
UPDATE users SET zip = '00000' WHERE id > 0 OR true;
-- case: update-current-row-by-two-keys
-- role: advisory
UPDATE order_lines SET label = 'gift' WHERE order_id = 17 AND position = 1;
-- case: update-part-of-key
-- role: hazard
UPDATE order_lines SET label = 'gift' WHERE position = 1;
-- case: plpgsql-batched-backfill
-- role: safe
-- transaction: none
-- setup: ALTER TABLE users ADD COLUMN region text;
DO $$
DECLARE done integer := 0;
BEGIN
    LOOP
        UPDATE users SET region = 'eu' WHERE id IN (SELECT id FROM users WHERE region IS NULL LIMIT 500) AND region IS NULL;
        GET DIAGNOSTICS done = ROW_COUNT;
        EXIT WHEN done = 0;
        COMMIT;
    END LOOP;
END $$;
-- case: plpgsql-cursor-delete
-- role: hazard
DO $$
DECLARE
    c CURSOR FOR SELECT token FROM sessions WHERE user_id < 100 FOR UPDATE;
BEGIN
    FOR s IN c LOOP
        DELETE FROM sessions WHERE CURRENT OF c;
    END LOOP;
END $$;
-- case: plpgsql-insert-loop
-- role: safe
DO $$ BEGIN FOR i IN 1..50 LOOP INSERT INTO audit_log (at, action) VALUES (now(), 'seed ' || i); END LOOP; END $$;
-- case: plpgsql-perform-setval
-- role: safe
DO $$ BEGIN PERFORM setval('orders_id_seq', (SELECT max(id) + 1 FROM orders)); END $$;
-- case: sequence-to-fixed-high-value
-- role: advisory
SELECT setval('orders_id_seq', 1000000);
-- case: refresh-after-load
-- role: hazard
REFRESH MATERIALIZED VIEW user_totals;
-- case: lock-then-delete
-- role: hazard
LOCK TABLE settings IN ACCESS EXCLUSIVE MODE;
DELETE FROM sessions WHERE expires_at < '2025-07-15';
-- case: temporary-mapping-then-update
-- role: hazard
CREATE TEMP TABLE mapping (old text, new text);
INSERT INTO mapping VALUES ('active', 'live'), ('closed', 'gone');
UPDATE users u SET state = m.new FROM mapping m WHERE m.old = u.state;
DROP TABLE mapping;
-- case: select-that-writes-nothing
-- role: safe
SELECT u.id, count(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id HAVING count(*) > 3 ORDER BY 2 DESC LIMIT 5;
-- case: values-alone
-- role: safe
VALUES (1, 'DELETE FROM users'), (2, 'DROP TABLE orders');
