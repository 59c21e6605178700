-- transaction: none
CREATE UNIQUE INDEX CONCURRENTLY u ON products (title);
