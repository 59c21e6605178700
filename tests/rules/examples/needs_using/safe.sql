ALTER TABLE customers ALTER COLUMN points TYPE text;
