-- Transactions, PRAGMAs and steps out of the file.

-- case: own-transaction
-- role: safe
BEGIN;
ALTER TABLE users ADD COLUMN phone TEXT;
CREATE INDEX users_phone ON users (phone);
COMMIT;

-- case: begin-in-a-wrapped-file
-- role: hazard
-- transaction: wrap
BEGIN;
ALTER TABLE users ADD COLUMN phone TEXT;
COMMIT;

-- case: transaction-left-open
-- role: hazard
BEGIN;
DELETE FROM labels;
ROLLBACK;
DELETE FROM audit_log WHERE id > 5;

-- case: savepoint
-- role: safe
SAVEPOINT a;
ALTER TABLE users ADD COLUMN phone TEXT;
RELEASE a;

-- case: rolled-back-drop
-- role: advisory
BEGIN;
DROP TABLE labels;
ROLLBACK;

-- case: commit-without-begin
-- role: hazard
ALTER TABLE users ADD COLUMN phone TEXT;
COMMIT;

-- case: vacuum
-- role: advisory
VACUUM;

-- case: vacuum-in-a-transaction
-- role: hazard
-- transaction: wrap
VACUUM;

-- case: vacuum-into
-- role: hazard
-- not-run: it writes a file beside the database
VACUUM INTO '/tmp/copy.db';

-- case: attach
-- role: hazard
-- not-run: it makes another file
ATTACH DATABASE '/tmp/other.db' AS other;
CREATE TABLE other.t (id INTEGER);

-- case: load-extension
-- role: hazard
-- not-run: it loads code
SELECT load_extension('/tmp/evil.so');

-- case: writable-schema
-- role: hazard
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'products';
PRAGMA writable_schema = OFF;

-- case: journal-mode-off
-- role: hazard
-- not-run: nothing is seen of it until the power fails
PRAGMA journal_mode = OFF;

-- case: journal-mode-wal
-- role: safe
PRAGMA journal_mode = WAL;

-- case: user-version
-- role: safe
PRAGMA user_version = 7;

-- case: foreign-keys-on
-- role: safe
PRAGMA foreign_keys = ON;
CREATE TABLE tags (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id));

-- case: foreign-key-check
-- role: safe
PRAGMA foreign_key_check;
PRAGMA integrity_check;

-- case: exclusive-transaction-rebuild
-- role: hazard
BEGIN EXCLUSIVE;
CREATE TABLE new_labels (name TEXT, weight TEXT, note TEXT);
INSERT INTO new_labels (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;
COMMIT;

-- case: ignore-check-constraints
-- role: hazard
-- not-run: what it lets in shows later
PRAGMA ignore_check_constraints = ON;
UPDATE orders SET status = 'gone' WHERE id = 1;

-- case: not-sql
-- role: hazard
ALTR TABLE users ADD phone TEXT;

-- case: other-dialect-serial
-- role: hazard
CREATE TABLE t (id SERIAL PRIMARY KEY, data JSONB DEFAULT '{}'::jsonb);

-- case: truncate
-- role: hazard
TRUNCATE TABLE labels;

-- case: dot-command
-- role: hazard
.mode csv
.import users.csv users
