DO $$ BEGIN EXECUTE current_setting('a.b'); END $$;
