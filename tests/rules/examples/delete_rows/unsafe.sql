DO $$ BEGIN DELETE FROM orders WHERE amount = 0; END $$;
