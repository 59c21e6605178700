-- dialect: mysql
ALTER TABLE customers MODIFY points BIGINT NULL;
