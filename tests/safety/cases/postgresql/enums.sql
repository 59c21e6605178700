-- case: enum-add-value
-- role: safe
ALTER TYPE order_status ADD VALUE 'returned';
-- case: enum-add-value-before
-- role: safe
ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'packed' BEFORE 'shipped';
-- case: enum-add-existing-value
-- role: hazard
ALTER TYPE order_status ADD VALUE 'paid';
-- case: enum-add-existing-value-if-not-exists
-- role: safe
ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'paid';
-- case: enum-add-two-values
-- role: safe
ALTER TYPE order_status ADD VALUE 'returned';
ALTER TYPE order_status ADD VALUE 'lost';
-- case: enum-value-as-default
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'school';
-- case: enum-value-in-update
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
UPDATE users SET plan = 'school' WHERE id = 3;
-- case: enum-value-in-insert
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
INSERT INTO users (email, plan) VALUES ('s@shop.test', 'school');
-- case: enum-value-in-where
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
SELECT count(*) FROM users WHERE plan = 'school';
-- case: enum-value-in-new-column-default
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE teams ADD COLUMN plan plan NOT NULL DEFAULT 'school';
-- case: enum-value-in-new-table-default
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
CREATE TABLE schools (id bigint PRIMARY KEY, plan plan DEFAULT 'school');
-- case: enum-value-in-check
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE users ADD CONSTRAINT plan_ok CHECK (plan <> 'school') NOT VALID;
-- case: enum-value-in-partial-index
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
CREATE INDEX schools_idx ON users (id) WHERE plan = 'school';
-- case: enum-value-in-view
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
CREATE VIEW schools AS SELECT id FROM users WHERE plan = 'school';
-- case: enum-value-same-word-other-column
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
INSERT INTO settings (key, value) VALUES ('kind', 'school');
-- case: enum-value-in-text-default
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE teams ADD COLUMN kind text DEFAULT 'school';
-- case: enum-value-in-comment
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
COMMENT ON TYPE plan IS 'school';
-- case: enum-value-in-function-body
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
CREATE FUNCTION is_school(p plan) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN p = 'school'; END $$;
-- case: enum-value-old-value-as-default
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'team';
-- case: enum-value-used-after-commit
-- role: safe
-- transaction: none
ALTER TYPE plan ADD VALUE 'school';
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'school';
-- case: enum-value-used-after-explicit-commit
-- role: safe
ALTER TYPE plan ADD VALUE 'school';
COMMIT;
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'school';
-- case: enum-new-type-used-at-once
-- role: safe
CREATE TYPE mood AS ENUM ('good');
ALTER TYPE mood ADD VALUE 'bad';
CREATE TABLE moods (id bigint PRIMARY KEY, mood mood DEFAULT 'bad');
-- case: enum-renamed-in-between
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
ALTER TYPE plan RENAME TO tariff;
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'school';
-- case: enum-cast-of-value
-- role: hazard
ALTER TYPE plan ADD VALUE 'school';
SELECT 'school'::plan;
-- case: enum-add-value-in-do
-- role: safe
DO $$ BEGIN ALTER TYPE plan ADD VALUE 'school'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
-- case: enum-rename-value
-- role: hazard
ALTER TYPE plan RENAME VALUE 'company' TO 'firm';
-- case: enum-rename-missing-value
-- role: hazard
ALTER TYPE plan RENAME VALUE 'enterprise' TO 'firm';
-- case: enum-create
-- role: safe
CREATE TYPE mood AS ENUM ('good', 'bad');
-- case: enum-create-existing
-- role: hazard
CREATE TYPE plan AS ENUM ('free');
-- case: enum-drop-in-use
-- role: hazard
DROP TYPE plan;
-- case: enum-to-check
-- role: hazard
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE text USING plan::text;
ALTER TABLE users ADD CONSTRAINT plan_known CHECK (plan IN ('free', 'team', 'company'));
DROP TYPE plan;
