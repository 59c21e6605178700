DROP FUNCTION open_count();
CREATE FUNCTION open_count(state text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM open_orders';
