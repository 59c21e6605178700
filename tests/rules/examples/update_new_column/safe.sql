ALTER TABLE customers ADD COLUMN plan text;
UPDATE customers SET plan = 'free' WHERE id = 1;
