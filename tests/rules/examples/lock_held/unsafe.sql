ALTER TABLE customers ADD COLUMN plan text;
UPDATE orders SET amount = 1 WHERE amount = 2;
