ALTER TABLE customers ADD COLUMN token text DEFAULT md5('x');
