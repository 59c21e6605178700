-- The tables that the examples of the rules speak of.
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, points INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE, note TEXT);
CREATE INDEX orders_note ON orders (note);
CREATE VIEW names AS SELECT id, name FROM customers;
