CREATE TABLE scratch (id int);
ALTER TABLE scratch ADD COLUMN plan text;
