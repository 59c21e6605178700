-- transaction: none
CREATE UNIQUE INDEX CONCURRENTLY customers_name ON customers (name);
ALTER TABLE customers ADD CONSTRAINT customers_name_key UNIQUE USING INDEX customers_name;
