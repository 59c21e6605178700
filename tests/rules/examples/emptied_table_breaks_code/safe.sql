CREATE TABLE scratch (id int);
TRUNCATE scratch;
DELETE FROM products WHERE price IS NULL;
