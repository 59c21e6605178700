-- dialect: sqlite
DROP INDEX IF EXISTS orders_reference;
