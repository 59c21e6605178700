-- case: index-plain
-- role: hazard
CREATE INDEX ON products (name);
-- case: index-unique-on-unique-values
-- role: hazard
CREATE UNIQUE INDEX users_external_id_idx ON users (external_id);
-- case: index-unique-on-duplicates
-- role: hazard
CREATE UNIQUE INDEX users_referral_idx ON users (referral_code);
-- case: index-hash
-- role: hazard
CREATE INDEX users_zip_hash ON users USING hash (zip);
-- case: index-gin
-- role: hazard
CREATE INDEX users_settings_gin ON users USING gin (settings jsonb_path_ops);
-- case: index-brin
-- role: hazard
CREATE INDEX audit_log_at_brin ON audit_log USING brin (at) WITH (pages_per_range = 32);
-- case: index-gist
-- role: hazard
CREATE INDEX users_place ON users USING gist (point(age, id));
-- case: index-partial
-- role: hazard
CREATE INDEX orders_open ON orders (placed_at) WHERE status = 'draft';
-- case: index-expression
-- role: hazard
CREATE INDEX users_email_lower ON users (lower(email));
-- case: index-covering
-- role: hazard
CREATE INDEX orders_cover ON orders (user_id) INCLUDE (amount, total);
-- case: index-if-not-exists-missing
-- role: hazard
CREATE INDEX IF NOT EXISTS orders_note_idx ON orders (note);
-- case: index-if-not-exists-present
-- role: safe
CREATE INDEX IF NOT EXISTS orders_status_idx ON orders (status);
-- case: index-duplicate-name
-- role: hazard
CREATE INDEX orders_status_idx ON orders (status, user_id);
-- case: index-on-empty-table
-- role: advisory
CREATE INDEX import_buffer_idx ON import_buffer (id);
-- case: index-on-table-of-the-file
-- role: safe
CREATE TABLE tickets (id bigint PRIMARY KEY, user_id bigint);
CREATE INDEX tickets_user_idx ON tickets (user_id);
CREATE UNIQUE INDEX tickets_both_idx ON tickets (user_id, id);
-- case: index-on-materialized-view
-- role: safe
CREATE INDEX user_totals_pieces ON user_totals (pieces);
-- case: index-on-partitioned
-- role: hazard
CREATE INDEX events_id_idx ON events (id);
-- case: index-on-partition
-- role: hazard
CREATE INDEX events_2026_id_idx ON events_2026 (id);
-- case: index-on-only-partitioned
-- role: safe
CREATE INDEX events_id_idx ON ONLY events (id);
-- case: index-on-only-then-attach
-- role: safe
-- setup: CREATE INDEX events_id_idx ON ONLY events (id);
-- setup: CREATE INDEX events_2025_id_idx ON events_2025 (id); CREATE INDEX events_2026_id_idx ON events_2026 (id);
ALTER INDEX events_id_idx ATTACH PARTITION events_2025_id_idx;
ALTER INDEX events_id_idx ATTACH PARTITION events_2026_id_idx;
-- case: index-concurrently-on-partition
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY events_2026_id_idx ON events_2026 (id);
-- case: index-concurrently-on-partitioned
-- role: hazard
-- transaction: none
CREATE INDEX CONCURRENTLY events_id_idx ON events (id);
-- case: index-concurrently-unique
-- role: safe
-- transaction: none
CREATE UNIQUE INDEX CONCURRENTLY users_external_id_idx ON users (external_id);
-- case: index-concurrently-unique-on-duplicates
-- role: hazard
-- transaction: none
CREATE UNIQUE INDEX CONCURRENTLY users_referral_idx ON users (referral_code);
-- case: index-concurrently-if-not-exists
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_reference_idx ON orders (reference) WHERE reference IS NOT NULL;
-- case: index-concurrently-several
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY a_idx ON orders (note);
CREATE INDEX CONCURRENTLY b_idx ON users (zip);
-- case: index-concurrently-in-begin
-- role: hazard
-- transaction: none
BEGIN;
CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);
COMMIT;
-- case: index-concurrently-after-commit
-- role: safe
-- transaction: none
BEGIN;
ALTER TABLE orders ADD COLUMN colour text;
COMMIT;
CREATE INDEX CONCURRENTLY orders_colour_idx ON orders (colour);
-- case: index-drop
-- role: advisory
DROP INDEX orders_status_idx;
-- case: index-drop-concurrently
-- role: safe
-- transaction: none
DROP INDEX CONCURRENTLY orders_status_idx;
-- case: index-drop-concurrently-wrapped
-- role: hazard
DROP INDEX CONCURRENTLY orders_status_idx;
-- case: index-drop-several-concurrently
-- role: hazard
-- transaction: none
DROP INDEX CONCURRENTLY orders_status_idx, orders_user_id_idx;
-- case: index-drop-if-exists-missing
-- role: safe
DROP INDEX IF EXISTS no_such_idx;
-- case: index-drop-of-constraint
-- role: hazard
DROP INDEX users_email_key;
-- case: index-rename
-- role: safe
ALTER INDEX orders_status_idx RENAME TO ix_orders_status;
-- case: index-set-fillfactor
-- role: safe
ALTER INDEX orders_status_idx SET (fillfactor = 80);
-- case: index-set-statistics
-- role: safe
-- setup: CREATE INDEX users_email_lower ON users (lower(email));
ALTER INDEX users_email_lower ALTER COLUMN 1 SET STATISTICS 500;
-- case: index-comment
-- role: safe
COMMENT ON INDEX orders_status_idx IS 'looked up by the shipping page';
-- case: index-and-drop-of-the-old
-- role: hazard
CREATE INDEX orders_status_placed ON orders (status, placed_at);
DROP INDEX orders_status_idx;
-- case: index-swap-concurrently
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY orders_status_new ON orders (status);
DROP INDEX CONCURRENTLY IF EXISTS orders_status_idx;
ALTER INDEX orders_status_new RENAME TO orders_status_idx;
-- case: index-unique-nulls-not-distinct
-- role: hazard
CREATE UNIQUE INDEX users_nickname_idx ON users (nickname) NULLS NOT DISTINCT;
-- case: index-of-volatile-function
-- role: hazard
CREATE INDEX users_now_idx ON users ((created_at > now()));
-- case: index-of-missing-column
-- role: hazard
CREATE INDEX users_x_idx ON users (no_such_column);
-- case: index-of-json-without-operator-class
-- role: hazard
CREATE INDEX users_raw_idx ON users (raw);
-- case: reindex-index
-- role: hazard
REINDEX INDEX orders_status_idx;
-- case: reindex-table
-- role: hazard
REINDEX TABLE orders;
-- case: reindex-constraint-index
-- role: hazard
REINDEX INDEX users_email_key;
-- case: reindex-index-concurrently
-- role: safe
-- transaction: none
REINDEX INDEX CONCURRENTLY orders_status_idx;
-- case: reindex-table-concurrently
-- role: safe
-- transaction: none
REINDEX TABLE CONCURRENTLY orders;
-- case: reindex-concurrently-wrapped
-- role: hazard
REINDEX TABLE CONCURRENTLY orders;
-- case: reindex-schema
-- role: hazard
-- transaction: none
REINDEX SCHEMA public;
-- case: reindex-schema-wrapped
-- role: hazard
REINDEX SCHEMA public;
