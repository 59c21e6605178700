UPDATE customers SET points = 1 WHERE points = 0;
