DO $$ BEGIN IF EXISTS (SELECT FROM products WHERE price < 0) THEN RAISE EXCEPTION 'clean up first'; END IF; END $$;
