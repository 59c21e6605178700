DROP VIEW open_orders;
CREATE VIEW open_orders AS SELECT id, amount, code FROM orders;
