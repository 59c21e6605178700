-- case: vacuum-plain
-- role: safe
-- transaction: none
VACUUM (ANALYZE) orders;
-- case: vacuum-in-transaction
-- role: hazard
VACUUM orders;
-- case: vacuum-full-named
-- role: hazard
-- transaction: none
VACUUM (FULL, VERBOSE) orders;
-- case: vacuum-full-all
-- role: hazard
-- not-run: it goes through the server's own tables too, in an order of its own
-- transaction: none
VACUUM FULL;
-- case: analyze
-- role: safe
ANALYZE orders;
-- case: analyze-all
-- role: safe
ANALYZE;
-- case: cluster
-- role: hazard
CLUSTER orders USING orders_status_idx;
-- case: cluster-mark
-- role: safe
ALTER TABLE orders CLUSTER ON orders_status_idx;
-- case: cluster-without-mark
-- role: hazard
CLUSTER products;
-- case: set-unlogged
-- role: hazard
ALTER TABLE sessions SET UNLOGGED;
-- case: set-logged
-- role: hazard
-- setup: CREATE UNLOGGED TABLE cache (id integer); INSERT INTO cache SELECT g FROM generate_series(1, 2000) g;
ALTER TABLE cache SET LOGGED;
-- case: set-logged-already
-- role: safe
ALTER TABLE orders SET LOGGED;
-- case: set-tablespace-default
-- role: advisory
ALTER TABLE orders SET TABLESPACE pg_default;
-- case: set-access-method-same
-- role: advisory
-- since: 15
ALTER TABLE orders SET ACCESS METHOD heap;
-- case: refresh
-- role: hazard
REFRESH MATERIALIZED VIEW user_totals;
-- case: refresh-concurrently
-- role: safe
REFRESH MATERIALIZED VIEW CONCURRENTLY user_totals;
-- case: refresh-concurrently-without-unique-index
-- role: hazard
-- setup: CREATE MATERIALIZED VIEW plain AS SELECT plan, count(*) FROM users GROUP BY plan;
REFRESH MATERIALIZED VIEW CONCURRENTLY plain;
-- case: refresh-after-ddl
-- role: hazard
ALTER TABLE settings ADD COLUMN note text;
REFRESH MATERIALIZED VIEW CONCURRENTLY user_totals;
-- case: storage-parameters
-- role: safe
ALTER TABLE orders SET (fillfactor = 85, autovacuum_enabled = true);
-- case: storage-reset
-- role: safe
ALTER TABLE orders RESET (fillfactor);
-- case: storage-external
-- role: safe
ALTER TABLE orders ALTER COLUMN note SET STORAGE EXTERNAL;
-- case: storage-compression
-- role: safe
ALTER TABLE orders ALTER COLUMN note SET COMPRESSION pglz;
-- case: statistics-column
-- role: safe
ALTER TABLE orders ALTER COLUMN note SET STATISTICS 300;
-- case: statistics-extended
-- role: safe
CREATE STATISTICS orders_stats (dependencies) ON user_id, status FROM orders;
-- case: n-distinct
-- role: safe
ALTER TABLE orders ALTER COLUMN user_id SET (n_distinct = -0.5);
-- case: replica-identity-full
-- role: safe
ALTER TABLE orders REPLICA IDENTITY FULL;
-- case: replica-identity-index
-- role: safe
ALTER TABLE sessions REPLICA IDENTITY USING INDEX sessions_pkey;
-- case: comment-on-note
-- role: safe
COMMENT ON COLUMN orders.note IS 'free text; DROP TABLE orders';
-- case: owner-of-table
-- role: safe
ALTER TABLE archive.old_orders OWNER TO CURRENT_USER;
-- case: trigger-create
-- role: advisory
CREATE TRIGGER products_stamp BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
-- case: trigger-create-or-replace
-- role: safe
CREATE OR REPLACE TRIGGER orders_stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
-- case: trigger-drop
-- role: advisory
DROP TRIGGER orders_stamp ON orders;
-- case: trigger-drop-missing
-- role: hazard
DROP TRIGGER no_such_trigger ON orders;
-- case: trigger-disable
-- role: advisory
ALTER TABLE orders DISABLE TRIGGER orders_stamp;
-- case: trigger-enable
-- role: safe
ALTER TABLE orders ENABLE TRIGGER orders_stamp;
-- case: trigger-for-new-table
-- role: safe
CREATE TABLE things (id integer PRIMARY KEY, updated_at timestamptz);
CREATE TRIGGER things_stamp BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION stamp();
-- case: trigger-of-missing-function
-- role: hazard
CREATE TRIGGER things_stamp BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION no_such_function();
-- case: rule-create
-- role: advisory
CREATE RULE quiet AS ON DELETE TO products WHERE OLD.stock > 0 DO INSTEAD NOTHING;
-- case: policy-on-table-without-row-security
-- role: safe
CREATE POLICY own_orders ON orders FOR SELECT USING (true);
-- case: view-create
-- role: safe
CREATE VIEW cheap AS SELECT id, name FROM products WHERE price < 10;
-- case: view-replace
-- role: safe
CREATE OR REPLACE VIEW active_users AS SELECT id, email, full_name, nickname FROM users WHERE state = 'active';
-- case: view-replace-fewer-columns
-- role: hazard
CREATE OR REPLACE VIEW active_users AS SELECT id, email FROM users WHERE state = 'active';
-- case: sequence-create-and-own
-- role: safe
CREATE SEQUENCE order_numbers START 100;
ALTER TABLE orders ADD COLUMN number bigint;
ALTER SEQUENCE order_numbers OWNED BY orders.number;
ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('order_numbers');
GRANT USAGE ON SEQUENCE order_numbers TO shop_app;
-- case: sequence-as-default-without-grant
-- role: hazard
CREATE SEQUENCE order_numbers;
ALTER TABLE orders ADD COLUMN number bigint;
ALTER TABLE orders ALTER COLUMN number SET DEFAULT nextval('order_numbers');
-- case: sequence-cache
-- role: safe
ALTER SEQUENCE invoice_number CACHE 50;
-- case: sequence-type
-- role: safe
ALTER SEQUENCE products_id_seq AS bigint;
-- case: extension-create
-- role: safe
CREATE EXTENSION IF NOT EXISTS plpgsql;
-- case: function-create
-- role: safe
CREATE FUNCTION double_of(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
-- case: row-security-on-new-table
-- role: safe
CREATE TABLE notes (id bigint PRIMARY KEY, owner_name text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON notes USING (owner_name = current_user);
-- case: select-only
-- role: safe
SELECT count(*) FROM users WHERE nickname IS NULL;
-- case: select-for-update-by-key
-- role: safe
SELECT id FROM users WHERE id = 4 FOR UPDATE;
-- case: identity-set-always
-- role: hazard
ALTER TABLE products ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
-- case: drop-expression
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN gross numeric GENERATED ALWAYS AS (price * 1.2) STORED;
ALTER TABLE products ALTER COLUMN gross DROP EXPRESSION;
-- case: set-expression
-- role: hazard
-- since: 17
-- setup: ALTER TABLE products ADD COLUMN gross numeric GENERATED ALWAYS AS (price * 1.2) STORED;
ALTER TABLE products ALTER COLUMN gross SET EXPRESSION AS (price * 1.1);
