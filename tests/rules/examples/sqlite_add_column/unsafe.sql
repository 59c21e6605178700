-- dialect: sqlite
ALTER TABLE customers ADD COLUMN token TEXT UNIQUE;
