-- dialect: mysql
CREATE TABLE notes (id INT PRIMARY KEY, customer_id BIGINT NOT NULL, KEY by_customer (customer_id), KEY again (customer_id, id), FOREIGN KEY (customer_id) REFERENCES customers (id));
DROP INDEX by_customer ON notes;
DROP TABLE notes, customers;
