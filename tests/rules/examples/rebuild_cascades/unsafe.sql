-- dialect: sqlite
PRAGMA foreign_keys = ON;
CREATE TABLE new_customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, points INTEGER);
INSERT INTO new_customers (id, email, name, points) SELECT id, email, name, points FROM customers;
DROP TABLE customers;
ALTER TABLE new_customers RENAME TO customers;
