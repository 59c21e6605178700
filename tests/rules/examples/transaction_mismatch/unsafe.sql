-- dialect: sqlite
BEGIN;
ALTER TABLE customers ADD COLUMN phone TEXT;
COMMIT;
