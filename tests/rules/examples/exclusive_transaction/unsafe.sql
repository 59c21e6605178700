-- dialect: sqlite
-- transaction: none
BEGIN EXCLUSIVE;
UPDATE orders SET note = 'x' WHERE id = 1;
COMMIT;
