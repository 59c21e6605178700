-- The tables that the examples of the rules speak of.
CREATE TABLE customers (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(80) NOT NULL,
    name VARCHAR(50) NOT NULL DEFAULT '',
    points INT NULL,
    balance DECIMAL(10, 2) NULL,
    UNIQUE KEY customers_email (email)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, customer_id BIGINT NOT NULL, amount DECIMAL(12, 4) NOT NULL);
