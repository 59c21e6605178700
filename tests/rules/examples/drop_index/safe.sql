CREATE INDEX i ON orders (amount);
-- DROP INDEX orders_customer;
