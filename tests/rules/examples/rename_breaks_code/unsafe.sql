ALTER TABLE customers RENAME name TO full_name;
