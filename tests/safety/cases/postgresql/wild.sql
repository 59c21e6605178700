-- case: wild-unique-made-wider
-- role: hazard
ALTER TABLE users DROP CONSTRAINT users_email_key, ADD CONSTRAINT users_email_key UNIQUE (email, state);

-- case: wild-unique-index-made-again
-- role: hazard
DROP INDEX products_sku_idx;
CREATE UNIQUE INDEX products_sku_idx ON products (sku);

-- case: wild-trim-of-one-row
-- role: advisory
UPDATE users SET nickname = trim(both ' ' from nickname) WHERE id = 7;

-- case: wild-trimmed-default-of-new-column
-- role: safe
ALTER TABLE users ADD COLUMN tidy text DEFAULT trim(' x ');

-- case: wild-table-like
-- role: safe
CREATE TABLE users_copy (LIKE users INCLUDING ALL);

-- case: wild-table-like-and-filled
-- role: safe
CREATE TABLE users_copy (LIKE users INCLUDING ALL);
INSERT INTO users_copy SELECT * FROM users;

-- case: wild-child-by-inheritance
-- role: safe
CREATE TABLE vip_users (level integer) INHERITS (users);

-- case: wild-composite-attribute-dropped
-- role: hazard
ALTER TYPE address DROP ATTRIBUTE town;

-- case: wild-composite-attribute-retyped
-- role: hazard
ALTER TYPE address ALTER ATTRIBUTE town TYPE varchar(3);

-- case: wild-search-path-of-the-file
-- role: hazard
SET search_path = archive;
DROP TABLE old_orders;

-- case: wild-search-path-by-function
-- role: hazard
SELECT set_config('search_path', 'archive', true);
DELETE FROM old_orders;

-- case: wild-search-path-new-table-in-front
-- role: safe
SET LOCAL search_path = archive, public;
CREATE TABLE users (id int);
DROP TABLE users;

-- case: wild-temporary-table-in-front
-- role: safe
CREATE TEMPORARY TABLE users AS SELECT 1 AS id;
DELETE FROM users;
DROP TABLE users;

-- case: wild-temporary-table-gone-then-real
-- role: hazard
CREATE TEMPORARY TABLE sessions AS SELECT 1 AS id;
DROP TABLE sessions;
DROP TABLE sessions;

-- case: wild-no-connections
-- role: hazard
-- not-run: roles belong to the whole server, and the cases after it would find no way in
ALTER ROLE shop_app CONNECTION LIMIT 0;

-- case: wild-sequence-ends
-- role: hazard
ALTER SEQUENCE products_id_seq MAXVALUE 2000;

-- case: wild-sequence-backwards
-- role: hazard
ALTER SEQUENCE products_id_seq INCREMENT BY -1;

-- case: wild-sequence-not-owned
-- role: safe
ALTER SEQUENCE products_id_seq OWNED BY NONE;

-- case: wild-constraint-deferrable
-- role: safe
ALTER TABLE orders ALTER CONSTRAINT orders_user_id_fkey DEFERRABLE INITIALLY DEFERRED;

-- case: wild-primary-key-gone-with-foreign-keys
-- role: advisory
ALTER TABLE products DROP CONSTRAINT products_pkey CASCADE;

-- case: wild-primary-key-held-by-foreign-keys
-- role: hazard
ALTER TABLE products DROP CONSTRAINT products_pkey;

-- case: wild-trigger-function-in-use
-- role: hazard
DROP FUNCTION stamp();

-- case: wild-function-parameter-renamed
-- role: hazard
CREATE OR REPLACE FUNCTION net_price(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT round(amount / 1.2, 2) $$;

-- case: wild-function-new-body
-- role: safe
CREATE OR REPLACE FUNCTION net_price(gross numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT round(gross / 1.2, 3) $$;

-- case: wild-materialized-view-emptied
-- role: hazard
REFRESH MATERIALIZED VIEW user_totals WITH NO DATA;

-- case: wild-materialized-view-column-renamed
-- role: hazard
ALTER MATERIALIZED VIEW user_totals RENAME COLUMN pieces TO amount;

-- case: wild-vacuum-freeze
-- role: safe
-- transaction: none
VACUUM (FREEZE) users;

-- case: wild-reindex-concurrently-by-option
-- role: safe
-- transaction: none
REINDEX (CONCURRENTLY) TABLE users;

-- case: wild-concurrently-in-a-block
-- role: hazard
-- transaction: none
DO $$ BEGIN
  CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);
END $$;

-- case: wild-concurrently-in-a-block-by-execute
-- role: hazard
-- transaction: none
DO $$ BEGIN
  EXECUTE 'CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note)';
END $$;

-- case: wild-vacuum-in-a-block
-- role: hazard
-- transaction: none
DO $$ BEGIN
  VACUUM users;
END $$;

-- case: wild-partition-attach-default
-- role: hazard
ALTER TABLE events ATTACH PARTITION events_2027 DEFAULT;

-- case: wild-delete-only-of-parent
-- role: advisory
DELETE FROM ONLY events;

-- case: wild-upsert-fills-only-what-is-empty
-- role: advisory
INSERT INTO settings (key, value) VALUES ('key1', 'other')
ON CONFLICT (key) DO UPDATE SET value = coalesce(settings.value, excluded.value);

-- case: wild-mapped-while-retyped
-- role: hazard
ALTER TABLE users ALTER COLUMN state TYPE boolean USING (CASE state WHEN 'active' THEN true ELSE false END);

-- case: wild-missing-table-if-exists
-- role: safe
ALTER TABLE IF EXISTS nothing_here DROP COLUMN x;

-- case: wild-missing-column-if-exists
-- role: safe
ALTER TABLE users DROP COLUMN IF EXISTS not_there;

-- case: wild-force-row-security-without-it
-- role: advisory
ALTER TABLE users FORCE ROW LEVEL SECURITY;

-- case: wild-last-policy-dropped
-- role: hazard
-- setup: CREATE POLICY everyone ON users USING (true) WITH CHECK (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
DROP POLICY everyone ON users;

-- case: wild-policy-narrowed
-- role: hazard
-- setup: CREATE POLICY everyone ON users USING (true) WITH CHECK (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER POLICY everyone ON users USING (id < 0);

-- case: wild-restrictive-policy
-- role: hazard
-- setup: CREATE POLICY everyone ON users USING (true) WITH CHECK (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON users AS RESTRICTIVE USING (id < 0);

-- case: wild-row-security-switched-off-again
-- role: advisory
-- setup: CREATE POLICY everyone ON users USING (true) WITH CHECK (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;

-- case: wild-trigger-made-and-fired
-- role: hazard
CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM settings; RETURN NULL; END $$;
CREATE TRIGGER killing AFTER UPDATE ON products FOR EACH STATEMENT EXECUTE FUNCTION kill();
UPDATE products SET stock = 1 WHERE id = 1;

-- case: wild-generated-search-column
-- role: hazard
ALTER TABLE users ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(full_name, ''))) STORED;

-- case: wild-copy-then-truncate
-- role: hazard
SELECT * INTO sessions_before FROM sessions;
TRUNCATE sessions;

-- case: wild-swap-for-a-copy
-- role: hazard
CREATE TABLE settings_new (LIKE settings INCLUDING ALL);
INSERT INTO settings_new SELECT * FROM settings;
ALTER TABLE settings RENAME TO settings_old;
ALTER TABLE settings_new RENAME TO settings;
DROP TABLE settings_old;

-- case: wild-constraints-deferred
-- role: safe
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO settings (key, value) VALUES ('brand new', 'x');

-- case: wild-listen-notify
-- role: safe
LISTEN changes;
NOTIFY changes, 'x';
UNLISTEN *;

-- case: wild-values-of-a-new-table
-- role: safe
CREATE TABLE colours (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO colours VALUES (1, 'red'), (2, 'blue');
CREATE UNIQUE INDEX colours_name ON colours (name);
ALTER TABLE colours ALTER COLUMN name TYPE varchar(20);
ALTER TABLE colours RENAME COLUMN name TO title;

-- case: wild-table-of-the-file-then-foreign-key-to-old
-- role: advisory
CREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint NOT NULL);
ALTER TABLE invoices ADD CONSTRAINT invoices_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id);

-- case: wild-delete-by-returned-keys
-- role: hazard
WITH gone AS (DELETE FROM orders WHERE status = 'cancelled' RETURNING id)
SELECT count(*) FROM gone;

-- case: wild-copy-to-nothing
-- role: hazard
-- not-run: it would read a file on the server
COPY users FROM '/tmp/users.csv' CSV;

-- case: wild-upper-cased-name
-- role: hazard
alter TABLE PUBLIC."users" DROP column Phone;

-- case: wild-unicode-name
-- role: hazard
ALTER TABLE U&"\0075sers" DROP COLUMN phone;

-- case: wild-drop-behind-a-comment
-- role: hazard
/* only
   -- a note /* nested */ */ DROP /* no */ TABLE/**/sessions;

-- case: wild-view-of-star-and-column-dropped
-- role: hazard
-- setup: CREATE VIEW all_sessions AS SELECT * FROM sessions;
ALTER TABLE sessions DROP COLUMN expires_at;

-- case: wild-function-body-checked-late
-- role: hazard
DO $body$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['sessions', 'settings'] LOOP
    EXECUTE 'TRUNCATE ' || quote_ident(t);
  END LOOP;
END $body$;

-- case: wild-do-with-exception-block
-- role: safe
DO $$ BEGIN
  ALTER TABLE users ADD COLUMN mood text;
EXCEPTION WHEN duplicate_column THEN NULL;
END $$;

-- case: wild-do-null
-- role: safe
DO $$ BEGIN NULL; END $$;

-- case: wild-unlogged-new-table
-- role: safe
CREATE UNLOGGED TABLE scratch (id int);

-- case: wild-index-only-if-table-new
-- role: hazard
CREATE TABLE IF NOT EXISTS users (id bigint);
CREATE INDEX users_age_idx ON users (age);

-- case: wild-brin-summary
-- role: advisory
-- setup: CREATE INDEX audit_brin ON audit_log USING brin (at);
SELECT brin_summarize_new_values('audit_brin');

-- case: wild-numeric-without-loss
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE numeric(14,4);

-- case: wild-jsonb-array-rewritten
-- role: hazard
ALTER TABLE users ALTER COLUMN tags DROP DEFAULT, ALTER COLUMN tags TYPE jsonb USING to_jsonb(tags);

-- case: wild-nulls-become-default-then-not-null
-- role: hazard
UPDATE users SET nickname = coalesce(nickname, '');
ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;

-- case: wild-publication
-- role: advisory
CREATE PUBLICATION changes FOR TABLE users;

-- case: wild-drop-rule-and-policy-if-exists
-- role: safe
DROP POLICY IF EXISTS nobody_knows ON users;
DROP RULE IF EXISTS nobody_knows ON users;
DROP TRIGGER IF EXISTS nobody_knows ON users;

-- case: wild-deferred-unique
-- role: hazard
ALTER TABLE users ADD CONSTRAINT users_external_key UNIQUE (external_id) DEFERRABLE INITIALLY DEFERRED;

-- case: wild-typed-literal-delete
-- role: hazard
DELETE FROM audit_log WHERE at < DATE '2025-02-01' + INTERVAL '1 day';

-- case: wild-enum-value-in-one-transaction-by-cast-text
-- role: hazard
ALTER TYPE order_status ADD VALUE 'lost';
UPDATE orders SET status = ('lo' || 'st')::order_status WHERE id = 1;

-- case: wild-inline-reference-with-null-written-out
-- role: hazard
ALTER TABLE audit_log ADD COLUMN user_id bigint DEFAULT NULL REFERENCES users (id) ON DELETE CASCADE;

-- case: wild-inline-reference
-- role: safe
ALTER TABLE audit_log ADD COLUMN user_id bigint NULL REFERENCES users (id) ON DELETE CASCADE;

-- case: wild-function-default-taken-away
-- role: hazard
-- setup: CREATE FUNCTION gross(net numeric, rate numeric DEFAULT 1.2) RETURNS numeric LANGUAGE sql AS 'SELECT net * rate';
CREATE OR REPLACE FUNCTION gross(net numeric, rate numeric) RETURNS numeric LANGUAGE sql AS 'SELECT net * rate';

-- case: wild-role-renamed-index-kept
-- role: safe
ALTER INDEX orders_status_idx RENAME TO orders_by_status;
