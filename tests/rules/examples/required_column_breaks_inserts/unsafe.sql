-- dialect: mysql
ALTER TABLE customers ADD COLUMN plan INT NOT NULL;
