UPDATE customers SET note = 'none' WHERE note IS NULL;
UPDATE customers SET note = 'vip' WHERE id = 5;
