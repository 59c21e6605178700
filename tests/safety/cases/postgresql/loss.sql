-- case: drop-table
-- role: hazard
DROP TABLE audit_log;
-- case: drop-table-cascade
-- role: hazard
DROP TABLE users CASCADE;
-- case: drop-tables-in-one
-- role: hazard
DROP TABLE IF EXISTS sessions, settings;
-- case: drop-column
-- role: hazard
ALTER TABLE users DROP COLUMN bio;
-- case: drop-column-if-exists-cascade
-- role: hazard
ALTER TABLE orders DROP COLUMN IF EXISTS status CASCADE;
-- case: prisma-retyped-field
-- role: hazard
-- AlterTable
ALTER TABLE "users" DROP COLUMN "age",
ADD COLUMN     "age" TEXT;
-- case: drop-partition
-- role: hazard
DROP TABLE events_2025;
-- case: drop-schema-cascade
-- role: hazard
DROP SCHEMA archive CASCADE;
-- case: drop-type-cascade
-- role: hazard
DROP TYPE plan CASCADE;
-- case: drop-domain-cascade
-- role: hazard
DROP DOMAIN slug CASCADE;
-- case: truncate-table
-- role: hazard
TRUNCATE TABLE audit_log;
-- case: truncate-cascade
-- role: hazard
TRUNCATE users RESTART IDENTITY CASCADE;
-- case: truncate-list
-- role: hazard
TRUNCATE settings, sessions;
-- case: delete-all
-- role: hazard
DELETE FROM settings;
-- case: delete-where-true
-- role: hazard
DELETE FROM settings WHERE true;
-- case: delete-old-rows
-- role: hazard
DELETE FROM audit_log WHERE at < '2025-01-02';
-- case: update-all
-- role: hazard
UPDATE users SET state = 'active';
-- case: numeric-scale-cut
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE numeric(12,2);
-- case: zip-to-integer
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE integer USING zip::integer;
-- case: drop-empty-new-table
-- role: safe
CREATE TABLE scratch (id int);
INSERT INTO scratch VALUES (1);
DROP TABLE scratch;
-- case: words-in-a-comment
-- role: safe
-- DROP TABLE users;
COMMENT ON TABLE users IS 'never DROP TABLE users';
-- case: add-nullable-column
-- role: safe
ALTER TABLE users ADD COLUMN city text;
