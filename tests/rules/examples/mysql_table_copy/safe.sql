-- dialect: mysql
ALTER TABLE customers ADD COLUMN plan VARCHAR(20) NULL;
