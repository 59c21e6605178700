-- case: unique-constraint
-- role: hazard
ALTER TABLE users ADD CONSTRAINT users_external_key UNIQUE (external_id);
-- case: unique-constraint-on-duplicates
-- role: hazard
ALTER TABLE users ADD UNIQUE (referral_code);
-- case: unique-using-index
-- role: safe
-- setup: CREATE UNIQUE INDEX users_ext ON users (external_id);
ALTER TABLE users ADD CONSTRAINT users_external_key UNIQUE USING INDEX users_ext;
-- case: unique-using-index-of-the-setup-on-nullable
-- role: safe
-- setup: CREATE UNIQUE INDEX users_name_idx ON users (full_name);
ALTER TABLE users ADD UNIQUE USING INDEX users_name_idx;
-- case: unique-using-plain-index
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT orders_status_key UNIQUE USING INDEX orders_status_idx;
-- case: unique-using-partial-index
-- role: hazard
-- setup: CREATE UNIQUE INDEX part ON orders (reference) WHERE reference IS NOT NULL;
ALTER TABLE orders ADD CONSTRAINT orders_reference_key UNIQUE USING INDEX part;
-- case: unique-using-expression-index
-- role: hazard
-- setup: CREATE UNIQUE INDEX low ON users (lower(email));
ALTER TABLE users ADD CONSTRAINT users_low_key UNIQUE USING INDEX low;
-- case: unique-using-missing-index
-- role: hazard
ALTER TABLE users ADD CONSTRAINT users_x_key UNIQUE USING INDEX no_such_idx;
-- case: unique-concurrently-then-using-index
-- role: safe
-- transaction: none
CREATE UNIQUE INDEX CONCURRENTLY users_ext ON users (external_id);
ALTER TABLE users ADD CONSTRAINT users_external_key UNIQUE USING INDEX users_ext;
-- case: unique-deferrable
-- role: hazard
ALTER TABLE users ADD CONSTRAINT users_external_key UNIQUE (external_id) DEFERRABLE INITIALLY DEFERRED;
-- case: primary-key
-- role: hazard
ALTER TABLE audit_log ADD COLUMN id bigint;
ALTER TABLE audit_log ADD PRIMARY KEY (id);
-- case: primary-key-on-not-null
-- role: hazard
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT filled CHECK (id > 0);
ALTER TABLE events_2027 ADD PRIMARY KEY (id);
-- case: primary-key-using-index-not-null
-- role: safe
-- setup: CREATE UNIQUE INDEX e27 ON events_2027 (id);
ALTER TABLE events_2027 ADD CONSTRAINT events_2027_pkey PRIMARY KEY USING INDEX e27;
-- case: primary-key-using-index-nullable
-- role: hazard
-- setup: ALTER TABLE orders DROP CONSTRAINT orders_pkey CASCADE; CREATE UNIQUE INDEX by_reference ON orders (reference);
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX by_reference;
-- case: primary-key-using-index-nullable-with-check
-- role: safe
-- setup: ALTER TABLE orders DROP CONSTRAINT orders_pkey CASCADE; CREATE UNIQUE INDEX by_reference ON orders (reference);
-- setup: ALTER TABLE orders ADD CONSTRAINT reference_filled CHECK (reference IS NOT NULL);
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX by_reference;
-- case: primary-key-second
-- role: hazard
ALTER TABLE users ADD PRIMARY KEY (email);
-- case: primary-key-swap
-- role: hazard
ALTER TABLE settings DROP CONSTRAINT settings_pkey, ADD COLUMN id bigserial PRIMARY KEY;
-- case: exclude
-- role: hazard
ALTER TABLE sessions ADD CONSTRAINT one_session EXCLUDE USING btree (token WITH =);
-- case: exclude-range
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT no_overlap EXCLUDE USING gist (tstzrange(placed_at, placed_at + interval '1 second') WITH &&);
-- case: foreign-key
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE SET NULL;
-- case: foreign-key-orphans
-- role: hazard
ALTER TABLE orders ADD FOREIGN KEY (coupon_id) REFERENCES products (id);
-- case: foreign-key-not-valid
-- role: safe
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID;
-- case: foreign-key-not-valid-with-orphans
-- role: safe
ALTER TABLE orders ADD CONSTRAINT orders_coupon_fkey FOREIGN KEY (coupon_id) REFERENCES products (id) NOT VALID;
-- case: foreign-key-validate
-- role: safe
-- setup: ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_product_fkey;
-- case: foreign-key-validate-orphans
-- role: hazard
-- setup: ALTER TABLE orders ADD CONSTRAINT orders_coupon_fkey FOREIGN KEY (coupon_id) REFERENCES products (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_coupon_fkey;
-- case: foreign-key-both-steps-wrapped
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_product_fkey;
-- case: foreign-key-both-steps-apart
-- role: safe
-- transaction: none
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_product_fkey;
-- case: foreign-key-not-enforced
-- role: safe
-- since: 18
ALTER TABLE orders ADD CONSTRAINT orders_product_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT ENFORCED;
-- case: foreign-key-inline-new-column
-- role: safe
ALTER TABLE orders ADD COLUMN team_code text REFERENCES teams (code);
-- case: foreign-key-inline-new-column-with-default
-- role: hazard
ALTER TABLE orders ADD COLUMN team_code text DEFAULT 'team1' REFERENCES teams (code);
-- case: foreign-key-new-column-two-statements
-- role: hazard
ALTER TABLE orders ADD COLUMN team_code text;
ALTER TABLE orders ADD CONSTRAINT orders_team_fkey FOREIGN KEY (team_code) REFERENCES teams (code);
-- case: foreign-key-new-column-one-statement
-- role: hazard
ALTER TABLE orders ADD COLUMN team_code text, ADD CONSTRAINT orders_team_fkey FOREIGN KEY (team_code) REFERENCES teams (code);
-- case: foreign-key-new-column-not-valid
-- role: safe
ALTER TABLE orders ADD COLUMN team_code text;
ALTER TABLE orders ADD CONSTRAINT orders_team_fkey FOREIGN KEY (team_code) REFERENCES teams (code) NOT VALID;
-- case: foreign-key-in-new-table
-- role: safe
CREATE TABLE reviews (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE, product_id integer REFERENCES products (id));
-- case: foreign-key-added-to-new-table
-- role: safe
CREATE TABLE reviews (id bigint PRIMARY KEY, user_id bigint NOT NULL);
CREATE INDEX reviews_user_id ON reviews (user_id);
ALTER TABLE reviews ADD CONSTRAINT reviews_user_fkey FOREIGN KEY (user_id) REFERENCES users (id);
-- case: foreign-key-to-new-table
-- role: hazard
CREATE TABLE kinds (id integer PRIMARY KEY);
ALTER TABLE orders ADD COLUMN kind_id integer;
ALTER TABLE orders ADD CONSTRAINT orders_kind_fkey FOREIGN KEY (kind_id) REFERENCES kinds (id);
-- case: foreign-key-inline-to-new-table
-- role: safe
CREATE TABLE kinds (id integer PRIMARY KEY);
ALTER TABLE orders ADD COLUMN kind_id integer REFERENCES kinds (id);
-- case: foreign-key-to-itself
-- role: hazard
ALTER TABLE products ADD COLUMN parent_id integer;
ALTER TABLE products ADD FOREIGN KEY (parent_id) REFERENCES products (id);
-- case: foreign-key-inline-to-itself
-- role: safe
ALTER TABLE products ADD COLUMN parent_id integer REFERENCES products (id);
-- case: foreign-key-of-other-type
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT bad FOREIGN KEY (note) REFERENCES products (id) NOT VALID;
-- case: foreign-key-to-column-without-key
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT bad FOREIGN KEY (reference) REFERENCES users (referral_code) NOT VALID;
-- case: foreign-key-to-missing-table
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT bad FOREIGN KEY (product_id) REFERENCES articles (id);
-- case: foreign-key-duplicate-name
-- role: hazard
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) NOT VALID;
-- case: foreign-key-swap-not-valid
-- role: safe
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey, ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID;
-- case: foreign-key-swap
-- role: hazard
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
-- case: foreign-key-drop
-- role: safe
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
-- case: foreign-key-drop-missing
-- role: hazard
ALTER TABLE orders DROP CONSTRAINT no_such_fkey;
-- case: foreign-key-drop-missing-if-exists
-- role: safe
ALTER TABLE orders DROP CONSTRAINT IF EXISTS no_such_fkey;
-- case: foreign-key-make-deferrable
-- role: safe
ALTER TABLE orders ALTER CONSTRAINT orders_user_id_fkey DEFERRABLE INITIALLY DEFERRED;
-- case: check-plain
-- role: hazard
ALTER TABLE products ADD CONSTRAINT price_positive CHECK (price > 0);
-- case: check-violated
-- role: hazard
ALTER TABLE users ADD CONSTRAINT phone_digits CHECK (phone ~ '^[0-9]+$');
-- case: check-not-valid
-- role: safe
ALTER TABLE products ADD CONSTRAINT price_positive CHECK (price > 0) NOT VALID;
-- case: check-not-null-not-valid
-- role: hazard
ALTER TABLE users ADD CONSTRAINT nickname_filled CHECK (nickname IS NOT NULL) NOT VALID;
-- case: check-not-enforced
-- role: safe
-- since: 18
ALTER TABLE products ADD CONSTRAINT price_positive CHECK (price > 0) NOT ENFORCED;
-- case: check-validate-violated
-- role: hazard
-- setup: ALTER TABLE users ADD CONSTRAINT phone_digits CHECK (phone ~ '^[0-9]+$') NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT phone_digits;
-- case: check-validate-missing
-- role: hazard
ALTER TABLE users VALIDATE CONSTRAINT no_such_check;
-- case: check-both-steps-with-commit-between
-- role: safe
-- transaction: none
BEGIN;
ALTER TABLE products ADD CONSTRAINT price_positive CHECK (price > 0) NOT VALID;
COMMIT;
BEGIN;
ALTER TABLE products VALIDATE CONSTRAINT price_positive;
COMMIT;
-- case: check-drop
-- role: safe
ALTER TABLE orders DROP CONSTRAINT orders_quantity_check;
-- case: check-rename
-- role: safe
ALTER TABLE orders RENAME CONSTRAINT orders_quantity_check TO quantity_positive;
-- case: check-on-partitioned
-- role: hazard
ALTER TABLE events ADD CONSTRAINT id_positive CHECK (id >= 0);
-- case: check-in-new-table
-- role: safe
CREATE TABLE coupons (code text PRIMARY KEY, percent integer CHECK (percent BETWEEN 1 AND 100));
ALTER TABLE coupons ADD CONSTRAINT coupons_code_check CHECK (length(code) > 3);
-- case: primary-key-drop-referenced
-- role: hazard
ALTER TABLE users DROP CONSTRAINT users_pkey;
-- case: unique-drop
-- role: hazard
ALTER TABLE users DROP CONSTRAINT users_email_key;
-- case: not-null-constraint-not-valid
-- role: hazard
-- since: 18
ALTER TABLE users ADD CONSTRAINT nickname_nn NOT NULL nickname NOT VALID;
-- case: not-null-constraint-not-valid-unused-column
-- role: advisory
-- since: 18
ALTER TABLE orders ADD CONSTRAINT total_nn NOT NULL total NOT VALID;
-- case: not-null-constraint-validate
-- role: safe
-- since: 18
-- setup: ALTER TABLE users ADD CONSTRAINT full_name_nn NOT NULL full_name NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT full_name_nn;
-- case: not-null-constraint-plain
-- role: hazard
-- since: 18
ALTER TABLE orders ADD CONSTRAINT reference_nn NOT NULL reference;
