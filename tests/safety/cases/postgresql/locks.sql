-- case: create-index
-- role: hazard
CREATE INDEX orders_note_idx ON orders (note);
-- case: create-index-concurrently
-- role: safe
-- transaction: none
CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);
-- case: create-index-concurrently-wrapped
-- role: hazard
CREATE INDEX CONCURRENTLY orders_note_idx ON orders (note);
-- case: set-not-null
-- role: hazard
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
-- case: set-not-null-with-nulls
-- role: hazard
ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;
-- case: add-check
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount >= 0);
-- case: add-check-not-valid
-- role: safe
ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount >= 0) NOT VALID;
-- case: validate-alone
-- role: safe
-- setup: ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT amount_positive;
-- case: not-valid-and-validate-together
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT amount_positive;
-- case: add-foreign-key
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id);
-- case: add-column-then-backfill
-- role: hazard
ALTER TABLE users ADD COLUMN city text;
UPDATE users SET city = 'Graz';
-- case: type-to-bigint
-- role: hazard
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;
-- case: varchar-wider
-- role: safe
ALTER TABLE users ALTER COLUMN bio TYPE varchar(500);
-- case: vacuum-full
-- role: hazard
-- transaction: none
VACUUM FULL audit_log;
-- case: drop-table-then-delete-elsewhere
-- role: hazard
DROP TABLE settings;
DELETE FROM sessions WHERE expires_at < '2025-06-10';
