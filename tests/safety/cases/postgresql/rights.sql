-- Rights, servers, files and other databases.
-- case: grant-to-public
-- role: hazard
GRANT SELECT ON users TO PUBLIC;
-- case: grant-all-to-public
-- role: hazard
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
-- case: grant-create-to-public
-- role: hazard
GRANT CREATE ON SCHEMA public TO PUBLIC;
-- case: default-privileges-to-public
-- role: hazard
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
-- case: grant-select-to-named-role
-- role: safe
GRANT SELECT ON users TO shop_reader;
-- case: grant-execute-to-named-role
-- role: safe
GRANT EXECUTE ON FUNCTION active_user_count() TO shop_reader;
-- case: grant-usage-to-named-role
-- role: safe
GRANT USAGE ON SCHEMA archive TO shop_reader;
-- case: default-privileges-to-named-role
-- role: safe
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO shop_reader;
-- case: superuser
-- role: hazard
ALTER ROLE shop_app SUPERUSER;
-- case: create-superuser
-- role: hazard
CREATE ROLE deputy SUPERUSER LOGIN;
-- case: bypass-row-security
-- role: hazard
ALTER ROLE shop_app BYPASSRLS;
-- case: create-role-right
-- role: hazard
CREATE ROLE deputy CREATEROLE CREATEDB;
-- case: plain-role
-- role: advisory
CREATE ROLE deputy NOLOGIN;
-- case: grant-predefined-role
-- role: hazard
GRANT pg_execute_server_program TO shop_app;
-- case: grant-read-server-files
-- role: hazard
GRANT pg_read_server_files, pg_write_server_files TO shop_app;
-- case: grant-membership
-- role: advisory
GRANT shop_reader TO shop_app;
-- case: security-definer-without-path
-- role: hazard
CREATE FUNCTION admin_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM users WHERE is_admin $$;
-- case: security-definer-with-path
-- role: safe
CREATE FUNCTION admin_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$ SELECT count(*) FROM users WHERE is_admin $$;
REVOKE EXECUTE ON FUNCTION admin_count() FROM PUBLIC;
-- case: alter-function-security-definer
-- role: hazard
ALTER FUNCTION active_user_count() SECURITY DEFINER;
-- case: alter-system
-- role: hazard
-- transaction: none
-- not-run: it would change the server for every case after it
ALTER SYSTEM SET fsync = off;
-- case: replication-role
-- role: hazard
SET session_replication_role = replica;
DELETE FROM orders WHERE id = 5;
-- case: replication-role-set-config
-- role: hazard
SELECT set_config('session_replication_role', 'replica', false);
-- case: disable-all-triggers
-- role: hazard
ALTER TABLE orders DISABLE TRIGGER ALL;
-- case: untrusted-language
-- role: hazard
-- not-run: the language is not installed everywhere
CREATE EXTENSION plpython3u;
-- case: untrusted-language-function
-- role: hazard
-- not-run: the language is not installed everywhere
CREATE FUNCTION sh(t text) RETURNS text LANGUAGE plpython3u AS $$ import os; return os.popen(t).read() $$;
-- case: c-function
-- role: hazard
-- not-run: there is no such library
CREATE FUNCTION run(text) RETURNS int LANGUAGE c AS '/tmp/lib.so', 'run';
-- case: large-object-export
-- role: hazard
-- not-run: it would write a file on the server
SELECT lo_export(16400, '/tmp/out');
-- case: large-object-import
-- role: hazard
-- not-run: it would read a file on the server
SELECT lo_import('/etc/passwd');
-- case: read-server-file
-- role: hazard
-- not-run: it would read a file on the server
SELECT pg_read_file('/etc/passwd');
-- case: list-server-directory
-- role: hazard
-- not-run: it would read the server's disk
SELECT pg_ls_dir('/');
-- case: dblink-exec
-- role: hazard
-- not-run: it would call another server
SELECT dblink_exec('host=elsewhere', 'DELETE FROM users');
-- case: dblink-query
-- role: hazard
-- not-run: it would call another server
SELECT * FROM dblink('host=elsewhere', 'SELECT 1') AS t (a int);
-- case: foreign-server
-- role: hazard
-- not-run: it would call another server
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere');
-- case: subscription
-- role: hazard
-- not-run: it would call another server
CREATE SUBSCRIPTION sub CONNECTION 'host=elsewhere' PUBLICATION pub;
-- case: set-role
-- role: hazard
SET ROLE shop_app;
-- case: reset-role
-- role: safe
RESET ROLE;
-- case: terminate-backends
-- role: hazard
-- not-run: it would end the measuring session
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database();
-- case: reload-configuration
-- role: hazard
SELECT pg_reload_conf();
-- case: write-the-catalogue
-- role: hazard
UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'users'::regclass AND attname = 'email';
-- case: delete-from-the-catalogue
-- role: hazard
-- not-run: it would leave a broken catalogue
DELETE FROM pg_catalog.pg_depend;
-- case: row-security-switched-off
-- role: hazard
-- setup: ALTER TABLE settings ENABLE ROW LEVEL SECURITY; CREATE POLICY everybody ON settings USING (true) WITH CHECK (true);
ALTER TABLE settings DISABLE ROW LEVEL SECURITY;
-- case: policy-widened
-- role: advisory
-- setup: ALTER TABLE settings ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON settings USING (key <> 'secret');
ALTER POLICY few ON settings USING (true);
-- case: change-password
-- role: advisory
ALTER ROLE shop_app PASSWORD 'correct horse';
-- case: create-extension-trusted
-- role: safe
CREATE EXTENSION IF NOT EXISTS citext;
-- case: create-event-trigger
-- role: hazard
CREATE FUNCTION no_drops() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE EVENT TRIGGER no_drops ON sql_drop EXECUTE FUNCTION no_drops();
-- case: timeouts-and-paths
-- role: safe
SET lock_timeout = '2s';
SET LOCAL statement_timeout = '1min';
SET search_path = public;
