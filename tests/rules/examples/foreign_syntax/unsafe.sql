-- dialect: sqlite
ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone TEXT;
