-- dialect: sqlite
PRAGMA legacy_alter_table = ON;
ALTER TABLE customers RENAME TO old_customers;
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, points INTEGER);
INSERT INTO customers SELECT id, email, name, points FROM old_customers;
DROP TABLE old_customers;
