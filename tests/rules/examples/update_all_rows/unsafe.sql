UPDATE customers SET points = 0 WHERE true;
