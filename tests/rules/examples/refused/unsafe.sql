ALTER TABLE customers ALTER COLUMN points SET DEFAULT 'many';
