-- dialect: sqlite
DROP INDEX orders_reference;
