ALTER TABLE customers ALTER COLUMN name TYPE integer;
