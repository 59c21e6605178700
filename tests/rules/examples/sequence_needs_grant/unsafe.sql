CREATE SEQUENCE numbers;
ALTER TABLE customers ALTER COLUMN points SET DEFAULT nextval('numbers');
