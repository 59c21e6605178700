ALTER TABLE custommers ADD COLUMN city text;
