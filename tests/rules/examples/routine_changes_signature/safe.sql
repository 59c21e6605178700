DROP FUNCTION open_count();
CREATE FUNCTION open_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(id) FROM open_orders';
