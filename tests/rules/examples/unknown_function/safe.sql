SELECT open_count(), count(*) FROM customers;
