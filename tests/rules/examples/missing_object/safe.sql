ALTER TABLE IF EXISTS custommers ADD COLUMN city text;
