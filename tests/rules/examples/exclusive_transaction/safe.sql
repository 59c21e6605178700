-- dialect: sqlite
-- transaction: none
BEGIN IMMEDIATE;
UPDATE orders SET note = 'x' WHERE id = 1;
COMMIT;
