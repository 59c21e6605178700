ALTER TABLE products ADD CONSTRAINT one_price EXCLUDE (price WITH =);
