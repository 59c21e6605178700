CREATE INDEX CONCURRENTLY customers_name ON customers (name);
