DROP FUNCTION open_count();
