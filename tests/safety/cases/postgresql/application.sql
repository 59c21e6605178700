-- case: rename-column
-- role: hazard
ALTER TABLE users RENAME COLUMN full_name TO display_name;
-- case: rename-table
-- role: hazard
ALTER TABLE products RENAME TO articles;
-- case: rename-enum-value
-- role: hazard
ALTER TYPE order_status RENAME VALUE 'cancelled' TO 'canceled';
-- case: drop-view
-- role: hazard
DROP VIEW active_users;
-- case: drop-default
-- role: hazard
ALTER TABLE users ALTER COLUMN state DROP DEFAULT;
-- case: revoke-select
-- role: hazard
REVOKE SELECT ON users FROM shop_app;
-- case: enable-row-security
-- role: hazard
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- case: required-column-without-default
-- role: hazard
ALTER TABLE users ADD COLUMN tenant_id integer NOT NULL;
-- case: grant-to-role
-- role: safe
GRANT SELECT ON orders TO shop_reader;
