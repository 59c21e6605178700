-- transaction: none
CREATE INDEX CONCURRENTLY u ON products (title);
