ALTER TABLE customers ADD COLUMN token text DEFAULT make_token();
