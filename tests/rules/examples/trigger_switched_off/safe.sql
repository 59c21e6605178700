ALTER TABLE orders ENABLE TRIGGER orders_stamp;
