UPDATE customers SET points = 0 WHERE points < 0;
