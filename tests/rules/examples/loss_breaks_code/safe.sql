CREATE TABLE scratch (id int);
TRUNCATE scratch;
DELETE FROM products WHERE id = 5;
UPDATE products SET title = 'x' WHERE id = 6;
