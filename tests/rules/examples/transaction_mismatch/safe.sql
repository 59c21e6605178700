-- dialect: sqlite
SAVEPOINT a;
ALTER TABLE customers ADD COLUMN phone TEXT;
RELEASE a;
