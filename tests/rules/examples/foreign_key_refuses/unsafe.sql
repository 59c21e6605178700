-- dialect: mysql
CREATE TABLE notes (id INT PRIMARY KEY, customer_id BIGINT NOT NULL, FOREIGN KEY (customer_id) REFERENCES customers (id));
TRUNCATE TABLE customers;
