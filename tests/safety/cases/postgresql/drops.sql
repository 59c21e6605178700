-- Things that are dropped, as hand-written SQL, Prisma, Rails, Django and TypeORM write it.
-- case: django-delete-model
-- role: hazard
BEGIN;
--
-- Delete model AuditLog
--
DROP TABLE "audit_log" CASCADE;
COMMIT;
-- case: typeorm-drop-foreign-key-and-table
-- role: hazard
ALTER TABLE "memberships" DROP CONSTRAINT "memberships_team_code_fkey";
ALTER TABLE "team_limits" DROP CONSTRAINT "team_limits_team_code_fkey";
DROP TABLE "teams";
-- case: prisma-drop-table-with-warning
-- role: hazard
/*
  Warnings:

  - You are about to drop the `settings` table. If the table is not empty, all the data it contains will be lost.

*/
-- DropTable
DROP TABLE "settings";
-- case: drop-table-of-another-schema
-- role: hazard
DROP TABLE archive.old_orders;
-- case: drop-table-if-exists-with-schema
-- role: hazard
DROP TABLE IF EXISTS "reporting"."daily";
-- case: drop-partitioned-table
-- role: hazard
DROP TABLE events;
-- case: drop-partition-if-exists
-- role: hazard
DROP TABLE IF EXISTS events_2026;
-- case: drop-table-referenced-without-cascade
-- role: hazard
DROP TABLE products;
-- case: drop-empty-known-table
-- role: hazard
DROP TABLE import_buffer;
-- case: rails-remove-column
-- role: hazard
ALTER TABLE "users" DROP COLUMN "phone";
-- case: drop-two-columns
-- role: hazard
ALTER TABLE orders DROP COLUMN note, DROP COLUMN reference;
-- case: drop-column-short-form
-- role: hazard
ALTER TABLE products DROP description;
-- case: drop-column-of-parent-partition
-- role: hazard
ALTER TABLE events DROP COLUMN payload;
-- case: drop-column-used-by-view
-- role: hazard
ALTER TABLE users DROP COLUMN full_name;
-- case: drop-key-column
-- role: hazard
ALTER TABLE sessions DROP COLUMN token;
-- case: drop-and-add-column-renamed
-- role: hazard
-- AlterTable
ALTER TABLE "settings" DROP COLUMN "value",
ADD COLUMN     "content" TEXT;
-- case: prisma-required-retyped-field
-- role: hazard
/*
  Warnings:

  - Changed the type of `pieces` on the `order_lines` table. No cast exists, the column would be dropped and recreated, which cannot be done if there is data, since the column is required.

*/
-- AlterTable
ALTER TABLE "order_lines" DROP COLUMN "pieces",
ADD COLUMN     "pieces" BIGINT NOT NULL;
-- case: copy-column-then-drop-it
-- role: hazard
ALTER TABLE settings ADD COLUMN content text;
UPDATE settings SET content = value;
ALTER TABLE settings DROP COLUMN value;
-- case: drop-schema-restrict-full
-- role: hazard
DROP SCHEMA reporting;
-- case: drop-schemas-cascade
-- role: hazard
DROP SCHEMA IF EXISTS archive, reporting CASCADE;
-- case: drop-public-and-make-it-again
-- role: hazard
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
-- case: drop-type-in-use
-- role: hazard
DROP TYPE plan;
-- case: drop-composite-type-cascade
-- role: hazard
DROP TYPE IF EXISTS address CASCADE;
-- case: drop-domain-in-use
-- role: hazard
DROP DOMAIN slug;
-- case: drop-unused-domain
-- role: advisory
DROP DOMAIN positive_amount;
-- case: drop-extension-cascade
-- role: hazard
-- setup: CREATE EXTENSION citext; ALTER TABLE settings ADD COLUMN alias citext DEFAULT 'x';
DROP EXTENSION citext CASCADE;
-- case: drop-extension-hstore
-- role: hazard
-- setup: CREATE EXTENSION hstore; ALTER TABLE products ADD COLUMN extra hstore DEFAULT 'a=>1';
DROP EXTENSION IF EXISTS hstore CASCADE;
-- case: drop-owned
-- role: hazard
-- setup: CREATE TABLE owned_by_app AS SELECT g AS id FROM generate_series(1, 1000) g; ALTER TABLE owned_by_app OWNER TO shop_app;
DROP OWNED BY shop_app;
-- case: drop-owned-cascade
-- role: hazard
DROP OWNED BY shop_app CASCADE;
-- case: drop-materialized-view
-- role: hazard
DROP MATERIALIZED VIEW user_totals;
-- case: drop-view-cascade
-- role: hazard
-- setup: CREATE VIEW recent_active AS SELECT * FROM active_users;
DROP VIEW active_users CASCADE;
-- case: drop-function-cascade-with-trigger
-- role: hazard
DROP FUNCTION stamp() CASCADE;
-- case: drop-sequence-cascade
-- role: hazard
DROP SEQUENCE invoice_number CASCADE;
-- case: drop-database
-- role: hazard
-- transaction: none
-- not-run: the server would refuse it from within, and it reaches beyond the clone
DROP DATABASE shop;
-- case: truncate-only
-- role: hazard
TRUNCATE ONLY sessions;
-- case: truncate-partition
-- role: hazard
TRUNCATE events_2025;
-- case: truncate-partitioned
-- role: hazard
TRUNCATE TABLE events;
-- case: truncate-referenced
-- role: hazard
TRUNCATE orders;
-- case: truncate-referenced-in-list
-- role: hazard
TRUNCATE orders, order_lines RESTART IDENTITY;
-- case: truncate-other-schema
-- role: hazard
TRUNCATE archive.old_orders CONTINUE IDENTITY;
-- case: truncate-and-refill
-- role: hazard
TRUNCATE settings;
INSERT INTO settings (key, value) VALUES ('key1', 'new');
-- case: enum-swap-by-text
-- role: hazard
ALTER TYPE order_status RENAME TO order_status_old;
CREATE TYPE order_status AS ENUM ('draft', 'paid', 'shipped');
DROP VIEW order_overview;
ALTER TABLE orders ALTER COLUMN status DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN status TYPE order_status USING CASE status::text WHEN 'cancelled' THEN 'draft' ELSE status::text END::order_status;
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'draft';
DROP TYPE order_status_old;
-- case: table-rebuild-with-filter
-- role: hazard
CREATE TABLE settings_new (key text PRIMARY KEY, value text);
INSERT INTO settings_new SELECT key, value FROM settings WHERE key LIKE 'key1%';
DROP TABLE settings;
ALTER TABLE settings_new RENAME TO settings;
GRANT SELECT, INSERT, UPDATE ON settings TO shop_app;
-- case: table-rebuild-without-a-column
-- role: hazard
CREATE TABLE audit_log_new AS SELECT at, actor, action FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE audit_log_new RENAME TO audit_log;
-- case: drop-statistics
-- role: safe
-- setup: CREATE STATISTICS user_stats ON age, zip FROM users;
DROP STATISTICS user_stats;
-- case: drop-constraint
-- role: safe
ALTER TABLE orders DROP CONSTRAINT orders_quantity_check;
-- case: drop-foreign-key
-- role: safe
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_user_id_fkey;
-- case: drop-not-null
-- role: safe
ALTER TABLE users ALTER COLUMN referral_code DROP NOT NULL;
-- case: drop-index-concurrently
-- role: safe
-- transaction: none
DROP INDEX CONCURRENTLY IF EXISTS orders_status_idx;
-- case: drop-column-made-here
-- role: safe
ALTER TABLE users ADD COLUMN tmp_flag boolean;
ALTER TABLE users DROP COLUMN tmp_flag;
-- case: drop-type-made-here
-- role: safe
CREATE TYPE mood AS ENUM ('good', 'bad');
DROP TYPE mood;
-- case: drop-schema-made-here
-- role: safe
CREATE SCHEMA staging;
CREATE TABLE staging.raw (id int);
DROP SCHEMA staging CASCADE;
-- case: drop-temporary-table
-- role: safe
CREATE TEMP TABLE batch AS SELECT id FROM users LIMIT 10;
DROP TABLE batch;
-- case: drop-temporary-table-on-commit
-- role: safe
CREATE TEMPORARY TABLE work_list (id bigint) ON COMMIT DROP;
INSERT INTO work_list SELECT id FROM products;
TRUNCATE work_list;
-- case: drop-if-exists-of-nothing
-- role: safe
DROP TABLE IF EXISTS not_there_at_all;
-- case: truncate-new-table
-- role: safe
CREATE TABLE counters (name text, n int);
INSERT INTO counters VALUES ('a', 1);
TRUNCATE counters;
-- case: drop-trigger-made-here
-- role: safe
CREATE TABLE notes (id int, body text);
CREATE TRIGGER notes_stamp BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
DROP TRIGGER notes_stamp ON notes;
-- case: drop-policy
-- role: advisory
-- setup: CREATE POLICY everything ON settings USING (true);
DROP POLICY everything ON settings;
-- case: words-in-strings
-- role: safe
INSERT INTO settings (key, value) VALUES ('help', 'DROP TABLE users; -- do not'), ('more', $$TRUNCATE orders; DELETE FROM users;$$);
-- case: words-in-a-nested-comment
-- role: safe
/* was: /* DROP TABLE users; */ TRUNCATE orders; */
SELECT 1;
-- case: words-in-quoted-names
-- role: safe
CREATE TABLE "drop table users" ("delete" int, "truncate" text);
CREATE INDEX "drop schema" ON "drop table users" ("delete");
-- case: words-in-a-check
-- role: safe
CREATE TABLE commands (word text CHECK (word NOT IN ('DROP TABLE users', 'TRUNCATE')));
-- case: words-in-a-function-that-nobody-calls
-- role: safe
CREATE FUNCTION reset_everything() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE users CASCADE; END $$;
-- case: comment-on-column
-- role: safe
COMMENT ON COLUMN users.zip IS $c$DROP COLUMN later$c$;
