DO $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
