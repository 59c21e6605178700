BEGIN;
ALTER TABLE customers ADD COLUMN plan text;
COMMIT;
BEGIN;
UPDATE orders SET amount = 1 WHERE amount = 2;
COMMIT;
