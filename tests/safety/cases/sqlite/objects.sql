-- Indexes, views and triggers.

-- case: create-index
-- role: safe
CREATE INDEX orders_reference ON orders (reference);

-- case: create-unique-index-that-holds
-- role: advisory
CREATE UNIQUE INDEX orders_reference ON orders (reference);

-- case: create-unique-index-on-duplicates
-- role: hazard
CREATE UNIQUE INDEX labels_name ON labels (name);

-- case: create-partial-unique-index-on-duplicates
-- role: hazard
CREATE UNIQUE INDEX one_paid_order ON orders (status) WHERE status = 'paid';

-- case: create-expression-index
-- role: safe
CREATE INDEX users_lower ON users (lower(email));

-- case: create-index-that-exists
-- role: hazard
CREATE INDEX users_age_idx ON users (age);

-- case: create-index-if-not-exists
-- role: safe
CREATE INDEX IF NOT EXISTS users_age_idx ON users (age);

-- case: create-index-on-no-column
-- role: hazard
CREATE INDEX users_phone ON users (phone);

-- case: create-index-concurrently
-- role: hazard
CREATE INDEX CONCURRENTLY orders_note ON orders (note);

-- case: drop-index
-- role: safe
DROP INDEX users_age_idx;

-- case: drop-unique-index-of-an-upsert
-- role: hazard
DROP INDEX products_sku_key;

-- case: drop-index-of-a-constraint
-- role: hazard
DROP INDEX sqlite_autoindex_users_1;

-- case: drop-index-that-is-not-there
-- role: hazard
DROP INDEX no_such_index;

-- case: reindex
-- role: safe
REINDEX users_age_idx;

-- case: create-view
-- role: safe
CREATE VIEW paid_orders AS SELECT id, user_id FROM orders WHERE status = 'paid';

-- case: create-view-that-exists
-- role: hazard
CREATE VIEW active_users AS SELECT id FROM users;

-- case: create-or-replace-view
-- role: hazard
CREATE OR REPLACE VIEW active_users AS SELECT id, email, full_name FROM users;

-- case: drop-view
-- role: hazard
DROP VIEW active_users;

-- case: view-made-anew
-- role: safe
DROP VIEW active_users;
CREATE VIEW active_users AS SELECT id, email, full_name, plan FROM users WHERE active = 1;

-- case: view-made-anew-without-a-column
-- role: hazard
DROP VIEW active_users;
CREATE VIEW active_users AS SELECT id, email FROM users WHERE active = 1;

-- case: create-trigger-that-logs
-- role: advisory
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
    INSERT INTO audit_log (message) VALUES ('user ' || NEW.id);
END;

-- case: create-trigger-that-refuses
-- role: hazard
CREATE TRIGGER users_frozen BEFORE INSERT ON users BEGIN
    SELECT RAISE(ABORT, 'no more users');
END;

-- case: create-trigger-with-case
-- role: advisory
CREATE TRIGGER orders_state AFTER UPDATE ON orders BEGIN
    UPDATE drafts SET body = CASE WHEN NEW.status = 'paid' THEN 'p' ELSE 'o' END WHERE id = NEW.id;
END;

-- case: create-trigger-of-an-unknown-column
-- role: hazard
CREATE TRIGGER users_bad AFTER UPDATE ON users BEGIN
    UPDATE users SET phone = 1 WHERE id = NEW.id;
END;

-- case: drop-trigger
-- role: advisory
DROP TRIGGER products_price;

-- case: trigger-that-fires-on-the-migration
-- role: hazard
CREATE TRIGGER labels_gone AFTER DELETE ON labels BEGIN
    DELETE FROM preferences;
END;
DELETE FROM labels WHERE weight = '001';

-- case: drop-trigger-that-is-not-there
-- role: hazard
DROP TRIGGER no_such_trigger;

-- case: analyze
-- role: safe
ANALYZE;

-- case: create-unique-index-over-a-key
-- role: safe
CREATE UNIQUE INDEX orders_id_note ON orders (id, note);
