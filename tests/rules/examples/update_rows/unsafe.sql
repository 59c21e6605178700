UPDATE customers SET points = 1 WHERE id = 5;
