-- dialect: mysql
ALTER TABLE customers ADD COLUMN a INT NULL;
ALTER TABLE customers ADD COLUMN b INT NULL;
