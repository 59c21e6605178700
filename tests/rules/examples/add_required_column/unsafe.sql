ALTER TABLE customers ADD COLUMN tenant integer NOT NULL;
