-- dialect: sqlite
CREATE TABLE new_customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, points INTEGER);
INSERT INTO new_customers SELECT id, email, name, points FROM customers;
DROP TABLE customers;
ALTER TABLE new_customers RENAME TO customers;
CREATE UNIQUE INDEX customers_email ON customers (email);
