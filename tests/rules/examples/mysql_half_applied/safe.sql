-- dialect: mysql
ALTER TABLE customers ADD COLUMN a INT NULL, ADD COLUMN b INT NULL;
