-- dialect: mysql
ALTER TABLE customers MODIFY balance DECIMAL(10, 1) NULL;
