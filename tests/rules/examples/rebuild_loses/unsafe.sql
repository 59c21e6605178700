-- dialect: sqlite
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE);
INSERT INTO new_orders (id, customer_id) SELECT id, customer_id FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
