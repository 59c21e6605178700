ALTER TABLE orders DISABLE TRIGGER orders_stamp;
