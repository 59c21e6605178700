DO $$ BEGIN EXECUTE 'ALTER TABLE customers ADD COLUMN plan text'; END $$;
