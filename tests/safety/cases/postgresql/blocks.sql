-- DO blocks, functions that are called, and text that becomes SQL at run time.
-- case: do-static-drop
-- role: hazard
DO $$ BEGIN DROP TABLE settings; END $$;
-- case: do-guarded-drop-column
-- role: hazard
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'bio') THEN
        ALTER TABLE users DROP COLUMN bio;
    END IF;
END
$$;
-- case: do-delete
-- role: hazard
DO $$ BEGIN DELETE FROM sessions WHERE expires_at < '2025-07-01'; END $$;
-- case: do-update-all
-- role: hazard
DO $$ BEGIN UPDATE products SET stock = 0; END $$;
-- case: do-loop-delete
-- role: hazard
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT id FROM users WHERE state = 'closed' LOOP
        DELETE FROM sessions WHERE user_id = r.id;
    END LOOP;
END $$;
-- case: do-loop-update
-- role: hazard
DO $$
DECLARE u users%ROWTYPE;
BEGIN
    FOR u IN SELECT * FROM users LOOP
        UPDATE users SET full_name = upper(u.full_name) WHERE id = u.id;
    END LOOP;
END $$;
-- case: do-execute-constant
-- role: hazard
DO $$ BEGIN EXECUTE 'DROP TABLE audit_log'; END $$;
-- case: do-execute-constant-delete
-- role: hazard
DO $$ BEGIN EXECUTE $q$DELETE FROM settings$q$; END $$;
-- case: do-execute-format-constant
-- role: hazard
DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'audit_log'); END $$;
-- case: do-execute-format-loop
-- role: hazard
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'reporting' LOOP
        EXECUTE format('DROP TABLE reporting.%I CASCADE', t.tablename);
    END LOOP;
END $$;
-- case: do-execute-concatenated-loop
-- role: hazard
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN (SELECT tablename FROM pg_tables WHERE schemaname = 'archive') LOOP
        EXECUTE 'TRUNCATE TABLE archive.' || quote_ident(r.tablename) || ' CASCADE';
    END LOOP;
END $$;
-- case: do-execute-from-setting
-- role: hazard
-- not-run: what it does depends on a setting of the session
DO $$ BEGIN EXECUTE current_setting('shop.statement'); END $$;
-- case: do-execute-from-table
-- role: hazard
DO $$
DECLARE command text;
BEGIN
    SELECT 'DELETE FROM ' || 'sessions' INTO command;
    EXECUTE command;
END $$;
-- case: do-drop-constraint-by-lookup
-- role: advisory
DO $$
DECLARE name text;
BEGIN
    SELECT conname INTO name FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'c';
    EXECUTE format('ALTER TABLE orders DROP CONSTRAINT %I', name);
END $$;
-- case: do-exception-swallows-drop
-- role: hazard
DO $$ BEGIN DROP TABLE settings; EXCEPTION WHEN undefined_table THEN NULL; END $$;
-- case: do-plain-sql-language
-- role: hazard
-- not-run: the language is not installed
DO LANGUAGE plpython3u $$ plpy.execute("DELETE FROM settings") $$;
-- case: do-perform-function
-- role: hazard
-- setup: CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM settings; END $$;
DO $$ BEGIN PERFORM wipe(); END $$;
-- case: select-function-of-schema
-- role: hazard
SELECT purge_sessions();
-- case: call-procedure-of-schema
-- role: hazard
CALL close_accounts();
-- case: select-function-made-here
-- role: hazard
CREATE FUNCTION tmp_cleanup() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM audit_log WHERE at < '2025-01-02'; END $$;
SELECT tmp_cleanup();
DROP FUNCTION tmp_cleanup();
-- case: select-sql-function-made-here
-- role: hazard
CREATE FUNCTION clear_bios() RETURNS bigint LANGUAGE sql AS $$ UPDATE users SET bio = NULL RETURNING id $$;
SELECT clear_bios();
-- case: function-calls-function
-- role: hazard
CREATE FUNCTION inner_one() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE settings; END $$;
CREATE FUNCTION outer_one() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM inner_one(); END $$;
SELECT outer_one();
-- case: function-in-where
-- role: hazard
CREATE FUNCTION remove_setting(k text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN DELETE FROM settings WHERE key = k; RETURN true; END $$;
SELECT count(*) FROM settings WHERE remove_setting(key);
-- case: procedure-with-batches
-- role: hazard
-- transaction: none
CREATE PROCEDURE thin_out() LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        DELETE FROM audit_log WHERE ctid IN (SELECT ctid FROM audit_log WHERE at < '2025-01-02' LIMIT 500);
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END $$;
CALL thin_out();
-- case: sql-standard-body
-- role: hazard
CREATE FUNCTION forget(u bigint) RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM sessions WHERE user_id = u; END;
SELECT forget(17);
-- case: unknown-function-of-nobody
-- role: hazard
SELECT clean_up_everything();
-- case: call-of-builtin-functions
-- role: safe
SELECT count(*), max(id), now(), pg_size_pretty(pg_total_relation_size('users')) FROM users;
-- case: select-stable-function
-- role: safe
SELECT active_user_count();
-- case: replace-function
-- role: safe
CREATE OR REPLACE FUNCTION active_user_count() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM users WHERE state <> 'closed' $$;
-- case: create-function-with-delete-not-called
-- role: safe
CREATE FUNCTION purge_log() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM audit_log; END $$;
-- case: do-create-type-if-missing
-- role: safe
DO $$ BEGIN CREATE TYPE mood AS ENUM ('good', 'bad'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
-- case: do-add-column-if-missing
-- role: safe
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'city') THEN
        ALTER TABLE users ADD COLUMN city text;
    END IF;
END $$;
-- case: do-create-role-if-missing
-- role: advisory
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'shop_reader') THEN CREATE ROLE shop_reader; END IF; END $$;
-- case: do-raise-notice
-- role: safe
DO $$ BEGIN RAISE NOTICE 'DROP TABLE users'; END $$;
-- case: do-raise-exception
-- role: hazard
DO $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
-- case: do-check-then-raise
-- role: safe
DO $$ BEGIN IF EXISTS (SELECT 1 FROM settings WHERE key = 'nothing') THEN RAISE EXCEPTION 'clean up first'; END IF; END $$;
-- case: do-insert
-- role: safe
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM settings WHERE key = 'theme') THEN INSERT INTO settings VALUES ('theme', 'dark'); END IF; END $$;
-- case: do-execute-format-create-index
-- role: hazard
DO $$ BEGIN EXECUTE format('CREATE INDEX %I ON audit_log (actor)', 'audit_log_actor_idx'); END $$;
-- case: do-execute-constant-safe
-- role: safe
DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN city text'; END $$;
-- case: do-grant-loop
-- role: advisory
DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'reporting' LOOP EXECUTE format('GRANT SELECT ON reporting.%I TO shop_reader', t); END LOOP; END $$;
-- case: do-delete-from-new-table
-- role: safe
CREATE TABLE steps (n int);
DO $$ BEGIN FOR i IN 1..10 LOOP INSERT INTO steps VALUES (i); END LOOP; DELETE FROM steps WHERE n > 5; END $$;
-- case: function-set-returning-used-in-insert
-- role: safe
CREATE FUNCTION numbers() RETURNS SETOF int LANGUAGE sql IMMUTABLE AS $$ SELECT generate_series(1, 10) $$;
CREATE TABLE digits (n int);
INSERT INTO digits SELECT * FROM numbers();
-- case: default-of-unknown-function
-- role: hazard
ALTER TABLE users ADD COLUMN token text DEFAULT make_a_token();
-- case: trigger-function-raises
-- role: hazard
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'read only'; END $$;
CREATE TRIGGER settings_frozen BEFORE INSERT OR UPDATE OR DELETE ON settings FOR EACH ROW EXECUTE FUNCTION refuse();
-- case: trigger-function-checks
-- role: hazard
CREATE FUNCTION check_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.note IS NULL THEN RAISE EXCEPTION 'note is missing'; END IF; RETURN NEW; END $$;
CREATE TRIGGER orders_check BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION check_order();
-- case: trigger-function-returns-null
-- role: hazard
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER audit_log_swallow BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION swallow();
-- case: trigger-that-stamps
-- role: advisory
ALTER TABLE products ADD COLUMN updated_at timestamptz;
CREATE TRIGGER products_stamp BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION stamp();
-- case: trigger-on-new-table
-- role: safe
CREATE TABLE notes (id int, updated_at timestamptz);
CREATE TRIGGER notes_stamp BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
-- case: replace-trigger-function-broken
-- role: hazard
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed_at := now(); RETURN NEW; END $$;
-- case: instead-rule
-- role: hazard
CREATE RULE no_settings AS ON INSERT TO settings DO INSTEAD NOTHING;
-- case: syntax-error
-- role: hazard
ALTER TABEL users ADD city text;
-- case: psql-meta-command
-- role: hazard
-- not-run: only psql reads it
\copy users FROM 'users.csv'
DELETE FROM settings;
-- case: copy-from-program
-- role: hazard
-- not-run: it would run a program on the server
COPY users (email) FROM PROGRAM 'curl example.test';
-- case: copy-from-server-file
-- role: hazard
-- not-run: it would read a file on the server
COPY settings FROM '/tmp/settings.csv' CSV;
-- case: copy-to-server-file
-- role: hazard
-- not-run: it would write a file on the server
COPY (SELECT * FROM users) TO '/tmp/users.csv' CSV;
