CREATE TABLE scratch (id int);
UPDATE scratch SET id = 1 WHERE id = 0;
