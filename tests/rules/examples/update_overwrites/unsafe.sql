UPDATE customers SET note = 'late' WHERE points < 10;
