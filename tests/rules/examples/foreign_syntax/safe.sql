-- dialect: sqlite
ALTER TABLE customers ADD COLUMN phone TEXT;
