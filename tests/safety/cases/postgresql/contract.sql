-- Things taken away, and the ways in which people do it.
-- case: alembic-drop-column-with-index
-- role: hazard
DROP INDEX IF EXISTS ix_users_phone;
ALTER TABLE users DROP COLUMN phone;
-- case: flyway-archive-then-drop
-- role: hazard
CREATE TABLE archive.settings_2025 AS SELECT * FROM settings;
DROP TABLE settings;
-- case: drop-attribute-of-composite
-- role: hazard
ALTER TYPE address DROP ATTRIBUTE town CASCADE;
-- case: rename-attribute-of-composite
-- role: advisory
ALTER TYPE address RENAME ATTRIBUTE town TO city CASCADE;
-- case: drop-inherited-child
-- role: hazard
-- setup: CREATE TABLE measurements (id int, value int); CREATE TABLE measurements_old () INHERITS (measurements); INSERT INTO measurements_old SELECT g, g FROM generate_series(1, 1000) g;
DROP TABLE measurements_old;
-- case: drop-and-create-table-again
-- role: hazard
DROP TABLE IF EXISTS audit_log;
CREATE TABLE audit_log (at timestamptz NOT NULL, actor text, action text NOT NULL, detail jsonb);
GRANT SELECT, INSERT ON audit_log TO shop_app;
-- case: create-or-skip-then-drop-old
-- role: hazard
CREATE TABLE IF NOT EXISTS settings (key text PRIMARY KEY, value text);
DROP TABLE IF EXISTS team_limits;
-- case: drop-column-if-exists-not-there
-- role: safe
ALTER TABLE users DROP COLUMN IF EXISTS never_existed;
-- case: drop-view-if-exists-not-there
-- role: safe
DROP VIEW IF EXISTS no_such_view;
-- case: drop-function-if-exists-not-there
-- role: safe
DROP FUNCTION IF EXISTS no_such_function(integer);
-- case: drop-trigger-of-orders
-- role: advisory
DROP TRIGGER orders_stamp ON orders;
-- case: drop-check-with-cascade-word
-- role: safe
ALTER TABLE orders DROP CONSTRAINT orders_quantity_check CASCADE;
-- case: drop-primary-key-cascade
-- role: hazard
ALTER TABLE teams DROP CONSTRAINT teams_pkey CASCADE;
-- case: truncate-many-with-newlines
-- role: hazard
TRUNCATE TABLE
    sessions,
    audit_log
RESTART IDENTITY CASCADE;
-- case: rename-away-old-table
-- role: hazard
ALTER TABLE audit_log RENAME TO _audit_log_deprecated;
-- case: drop-generated-expression
-- role: advisory
-- setup: ALTER TABLE products ADD COLUMN gross numeric GENERATED ALWAYS AS (price * 1.2) STORED;
ALTER TABLE products ALTER COLUMN gross DROP EXPRESSION;
-- case: drop-column-of-other-schema
-- role: hazard
ALTER TABLE reporting.daily DROP COLUMN revenue;
-- case: drop-default-partition
-- role: hazard
-- setup: CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events SELECT g, '2030-01-01+00', 'x' FROM generate_series(1, 500) g;
DROP TABLE events_rest;
-- case: detach-then-drop
-- role: hazard
ALTER TABLE events DETACH PARTITION events_2025;
DROP TABLE events_2025;
-- case: drop-aggregate
-- role: hazard
-- setup: CREATE AGGREGATE total_of (numeric) (sfunc = numeric_add, stype = numeric);
DROP AGGREGATE total_of (numeric);
-- case: drop-server-cascade
-- role: hazard
-- not-run: it is about another server
DROP SERVER IF EXISTS warehouse CASCADE;
-- case: drop-language
-- role: hazard
DROP LANGUAGE plpgsql CASCADE;
-- case: reassign-owned
-- role: advisory
REASSIGN OWNED BY shop_reader TO CURRENT_USER;
-- case: drop-event-partition-by-do-list
-- role: hazard
DO $$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['events_2025', 'events_2026'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I', part);
    END LOOP;
END
$$;
