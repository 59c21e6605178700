-- Foreign keys carry a change on.
-- case: delete-parent-cascades-by-key
-- role: hazard
DELETE FROM orders WHERE id = 17;
-- case: delete-user-sets-null-and-cascades
-- role: hazard
DELETE FROM users WHERE id = 1999;
-- case: delete-team-sets-null
-- role: hazard
DELETE FROM teams WHERE code = 'team7';
-- case: delete-restricted
-- role: hazard
DELETE FROM products WHERE id < 100;
-- case: delete-grandchildren
-- role: hazard
-- setup: CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE); CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
-- setup: INSERT INTO a SELECT g FROM generate_series(1, 5) g; INSERT INTO b SELECT g, 1 + g % 5 FROM generate_series(1, 500) g; INSERT INTO c SELECT g, 1 + g % 500 FROM generate_series(1, 1000) g;
DELETE FROM a WHERE id = 3;
-- case: update-key-cascades
-- role: hazard
UPDATE teams SET code = 'team-seven' WHERE code = 'team7';
-- case: update-key-sets-null
-- role: hazard
UPDATE teams SET code = 't' || code;
-- case: truncate-cascade-to-children
-- role: hazard
TRUNCATE teams CASCADE;
-- case: truncate-parent-refused
-- role: hazard
TRUNCATE teams;
-- case: drop-table-cascade-drops-foreign-keys
-- role: hazard
DROP TABLE teams CASCADE;
-- case: drop-column-cascade-drops-view
-- role: hazard
ALTER TABLE users DROP COLUMN email CASCADE;
-- case: make-foreign-key-cascade
-- role: advisory
ALTER TABLE memberships DROP CONSTRAINT memberships_team_code_fkey;
ALTER TABLE memberships ADD CONSTRAINT memberships_team_code_fkey FOREIGN KEY (team_code) REFERENCES teams (code) ON DELETE CASCADE NOT VALID;
-- case: new-cascade-then-delete
-- role: hazard
ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey;
ALTER TABLE order_lines ADD CONSTRAINT order_lines_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE CASCADE NOT VALID;
DELETE FROM products WHERE id = 20;
-- case: delete-child-only
-- role: hazard
DELETE FROM order_lines WHERE order_id = 17;
-- case: delete-new-parent
-- role: safe
CREATE TABLE folders (id int PRIMARY KEY);
CREATE TABLE files (id int PRIMARY KEY, folder int REFERENCES folders ON DELETE CASCADE);
INSERT INTO folders VALUES (1);
INSERT INTO files VALUES (1, 1);
DELETE FROM folders;
-- case: trigger-deletes-elsewhere
-- role: hazard
-- setup: CREATE FUNCTION drop_sessions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM sessions WHERE user_id = NEW.id; RETURN NEW; END $$; CREATE TRIGGER users_sign_out AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION drop_sessions();
UPDATE users SET nickname = 'x' WHERE nickname IS NULL;
-- case: trigger-keeps-everything
-- role: safe
UPDATE orders SET note = 'late' WHERE note IS NULL;
