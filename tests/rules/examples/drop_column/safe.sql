ALTER TABLE customers ADD COLUMN draft text;
ALTER TABLE customers DROP COLUMN draft;
