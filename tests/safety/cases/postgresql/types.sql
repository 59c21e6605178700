-- case: type-varchar-wider
-- role: safe
ALTER TABLE users ALTER COLUMN handle TYPE varchar(100);
-- case: type-varchar-unbounded
-- role: safe
ALTER TABLE users ALTER COLUMN handle TYPE varchar;
-- case: type-varchar-to-text
-- role: safe
ALTER TABLE users ALTER COLUMN bio TYPE text;
-- case: type-varchar-to-text-set-data-type
-- role: safe
ALTER TABLE users ALTER bio SET DATA TYPE text;
-- case: type-text-to-varchar-unbounded
-- role: safe
ALTER TABLE orders ALTER COLUMN note TYPE varchar;
-- case: type-varchar-to-text-indexed
-- role: safe
-- setup: CREATE INDEX users_handle_idx ON users (handle);
ALTER TABLE users ALTER COLUMN handle TYPE text;
-- case: type-varchar-wider-indexed
-- role: safe
-- setup: CREATE UNIQUE INDEX users_bio_idx ON users (id, bio);
ALTER TABLE users ALTER COLUMN bio TYPE varchar(1000);
-- case: type-varchar-narrower-fits
-- role: hazard
ALTER TABLE users ALTER COLUMN handle TYPE varchar(40);
-- case: type-varchar-narrower-fails
-- role: hazard
ALTER TABLE users ALTER COLUMN bio TYPE varchar(100);
-- case: type-varchar-narrower-explicit
-- role: hazard
ALTER TABLE users ALTER COLUMN bio TYPE varchar(100) USING bio::varchar(100);
-- case: type-text-to-varchar
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE varchar(200);
-- case: type-text-to-varchar-too-short
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE varchar(6);
-- case: type-text-to-char
-- role: hazard
ALTER TABLE orders ALTER COLUMN reference TYPE char(20);
-- case: type-char-to-text
-- role: hazard
ALTER TABLE orders ALTER COLUMN currency TYPE text;
-- case: type-char-to-varchar
-- role: hazard
ALTER TABLE orders ALTER COLUMN currency TYPE varchar(3);
-- case: type-char-wider
-- role: hazard
ALTER TABLE orders ALTER COLUMN currency TYPE char(5);
-- case: type-text-same
-- role: safe
ALTER TABLE orders ALTER COLUMN note TYPE text;
-- case: type-text-same-with-using
-- role: safe
ALTER TABLE orders ALTER COLUMN note TYPE text USING note;
-- case: type-text-same-with-cast
-- role: safe
ALTER TABLE users ALTER COLUMN bio TYPE text USING bio::text;
-- case: type-varchar-wider-with-cast
-- role: safe
ALTER TABLE users ALTER COLUMN handle TYPE varchar(80) USING handle::varchar(80);
-- case: type-text-trimmed
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE text USING trim(zip);
-- case: type-text-emptied
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE text USING left(note, 5);
-- case: type-text-to-citext
-- role: safe
-- setup: CREATE EXTENSION citext;
ALTER TABLE users ALTER COLUMN zip TYPE citext;
-- case: type-text-to-citext-indexed
-- role: hazard
-- setup: CREATE EXTENSION citext; CREATE INDEX users_zip_idx ON users (zip);
ALTER TABLE users ALTER COLUMN zip TYPE citext;
-- case: type-text-to-citext-extension-of-the-file
-- role: safe
CREATE EXTENSION IF NOT EXISTS citext;
ALTER TABLE users ALTER COLUMN zip TYPE citext USING zip::citext;
-- case: type-numeric-wider
-- role: safe
ALTER TABLE users ALTER COLUMN score TYPE numeric(16,4);
-- case: type-numeric-unbounded
-- role: safe
ALTER TABLE users ALTER COLUMN score TYPE numeric;
-- case: type-numeric-scale-up
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE numeric(14,6);
-- case: type-numeric-scale-down
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE numeric(12,2);
-- case: type-numeric-precision-down-fits
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE numeric(10,4);
-- case: type-numeric-precision-down-fails
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE numeric(5,4);
-- case: type-numeric-to-integer
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE integer;
-- case: type-numeric-to-double
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE double precision;
-- case: type-numeric-to-money
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE money;
-- case: type-integer-to-bigint
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE bigint;
-- case: type-bigint-to-integer-fails
-- role: hazard
ALTER TABLE users ALTER COLUMN big_number TYPE integer;
-- case: type-bigint-to-integer-fits
-- role: hazard
ALTER TABLE events_2027 ALTER COLUMN id TYPE integer;
-- case: type-integer-to-smallint
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE smallint;
-- case: type-integer-to-numeric
-- role: hazard
ALTER TABLE products ALTER COLUMN stock TYPE numeric(12,2);
-- case: type-integer-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE text;
-- case: type-integer-to-boolean
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE boolean USING age <> 0;
-- case: type-integer-same
-- role: safe
ALTER TABLE users ALTER COLUMN age TYPE int4;
-- case: type-text-to-integer-no-using
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE integer;
-- case: type-text-to-integer
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE integer USING zip::integer;
-- case: type-text-to-integer-fails
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE bigint USING phone::bigint;
-- case: type-double-to-real
-- role: hazard
ALTER TABLE users ALTER COLUMN rating TYPE real;
-- case: type-real-to-double
-- role: hazard
ALTER TABLE products ALTER COLUMN weight TYPE double precision;
-- case: type-double-to-numeric
-- role: hazard
ALTER TABLE orders ALTER COLUMN total TYPE numeric(20,2);
-- case: type-timestamp-to-timestamptz
-- role: advisory
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz;
-- case: type-timestamp-to-timestamptz-at-utc
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz USING seen_at AT TIME ZONE 'UTC';
-- case: type-timestamp-to-timestamptz-session-utc
-- role: safe
SET LOCAL timezone TO 'UTC';
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz;
-- case: type-timestamp-to-timestamptz-set-time-zone
-- role: safe
SET TIME ZONE 'UTC';
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz;
-- case: type-timestamp-to-timestamptz-session-vienna
-- role: hazard
SET LOCAL timezone TO 'Europe/Vienna';
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz;
-- case: type-timestamptz-to-timestamp-session-utc
-- role: safe
SET timezone = 'UTC';
ALTER TABLE users ALTER COLUMN created_at TYPE timestamp;
-- case: type-timestamptz-to-timestamp
-- role: hazard
SET timezone = 'America/New_York';
ALTER TABLE audit_log ALTER COLUMN at TYPE timestamp;
-- case: type-timestamptz-to-date
-- role: hazard
ALTER TABLE users ALTER COLUMN created_at TYPE date;
-- case: type-timestamptz-to-milliseconds
-- role: hazard
ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz(3);
-- case: type-timestamptz-to-microseconds
-- role: safe
ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz(6);
-- case: type-timestamptz-from-milliseconds
-- role: safe
-- setup: ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz(3);
ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz;
-- case: type-timestamptz-from-milliseconds-to-more
-- role: safe
-- setup: ALTER TABLE users ALTER COLUMN seen_at TYPE timestamp(3);
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamp(6);
-- case: type-date-to-timestamp
-- role: hazard
ALTER TABLE reporting.daily ALTER COLUMN day TYPE timestamp;
-- case: type-time-precision
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN opens time(0) DEFAULT '08:00';
ALTER TABLE products ALTER COLUMN opens TYPE time;
-- case: type-interval-precision-wider
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN pause interval(2) DEFAULT '1 day';
ALTER TABLE products ALTER COLUMN pause TYPE interval;
-- case: type-interval-precision-narrower
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN pause interval DEFAULT '1.2345 seconds';
ALTER TABLE products ALTER COLUMN pause TYPE interval(0);
-- case: type-text-to-date
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN made text DEFAULT '2025-01-05';
ALTER TABLE products ALTER COLUMN made TYPE date USING made::date;
-- case: type-epoch-to-timestamptz
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN made bigint DEFAULT 1735000000;
ALTER TABLE products ALTER COLUMN made TYPE timestamptz USING to_timestamp(made);
-- case: type-json-to-jsonb
-- role: hazard
ALTER TABLE users ALTER COLUMN raw TYPE jsonb;
-- case: type-json-to-jsonb-using
-- role: hazard
ALTER TABLE users ALTER COLUMN raw TYPE jsonb USING raw::jsonb;
-- case: type-jsonb-to-json
-- role: hazard
ALTER TABLE audit_log ALTER COLUMN detail TYPE json;
-- case: type-json-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN raw TYPE text;
-- case: type-text-to-json-fails
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE json USING note::json;
-- case: type-text-to-jsonb-built
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE jsonb USING jsonb_build_object('text', note);
-- case: type-text-to-uuid
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN code text DEFAULT '00000000-0000-0000-0000-000000000001';
ALTER TABLE products ALTER COLUMN code TYPE uuid USING code::uuid;
-- case: type-uuid-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN external_id TYPE text;
-- case: type-enum-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT, ALTER COLUMN plan TYPE text;
-- case: type-enum-to-text-default-kept
-- role: hazard
ALTER TABLE users ALTER COLUMN plan TYPE text;
-- case: type-text-to-enum
-- role: hazard
CREATE TYPE account_state AS ENUM ('active', 'closed');
ALTER TABLE memberships ALTER COLUMN role DROP DEFAULT;
CREATE TYPE member_role AS ENUM ('member', 'owner');
ALTER TABLE memberships ALTER COLUMN role TYPE member_role USING role::member_role;
-- case: type-text-to-enum-value-missing
-- role: hazard
CREATE TYPE member_role AS ENUM ('owner', 'guest');
ALTER TABLE memberships ALTER COLUMN role DROP DEFAULT;
ALTER TABLE memberships ALTER COLUMN role TYPE member_role USING role::member_role;
-- case: type-text-to-enum-with-default-in-the-way
-- role: hazard
CREATE TYPE member_role AS ENUM ('member', 'owner');
ALTER TABLE memberships ALTER COLUMN role TYPE member_role USING role::member_role;
-- case: type-enum-swap
-- role: hazard
CREATE TYPE plan_new AS ENUM ('free', 'team', 'company', 'school');
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE plan_new USING (plan::text::plan_new);
ALTER TYPE plan RENAME TO plan_old;
ALTER TYPE plan_new RENAME TO plan;
DROP TYPE plan_old;
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'free';
-- case: type-enum-swap-value-in-use
-- role: hazard
CREATE TYPE plan_new AS ENUM ('free', 'team');
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;
ALTER TABLE users ALTER COLUMN plan TYPE plan_new USING (plan::text::plan_new);
ALTER TYPE plan RENAME TO plan_old;
ALTER TYPE plan_new RENAME TO plan;
DROP TYPE plan_old;
-- case: type-enum-swap-with-default-kept
-- role: hazard
CREATE TYPE plan_new AS ENUM ('free', 'team', 'company');
ALTER TABLE users ALTER COLUMN plan TYPE plan_new USING plan::text::plan_new;
-- case: type-array-of-varchar-to-text
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN labels varchar(20)[] DEFAULT '{a,b}';
ALTER TABLE products ALTER COLUMN labels TYPE text[];
-- case: type-array-of-text-to-varchar
-- role: hazard
ALTER TABLE users ALTER COLUMN tags TYPE varchar(20)[];
-- case: type-text-to-array
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE text[] USING ARRAY[zip];
-- case: type-array-to-text-no-using
-- role: hazard
ALTER TABLE users ALTER COLUMN tags TYPE text;
-- case: type-integer-array-to-bigint-array
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN sizes integer[] DEFAULT '{1,2}';
ALTER TABLE products ALTER COLUMN sizes TYPE bigint[];
-- case: type-bit-varying-wider
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN mask bit varying(8) DEFAULT B'101';
ALTER TABLE products ALTER COLUMN mask TYPE bit varying(16);
-- case: type-bit-wider
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN mask bit(8) DEFAULT B'10101010';
ALTER TABLE products ALTER COLUMN mask TYPE bit(16);
-- case: type-text-to-bytea
-- role: hazard
ALTER TABLE orders ALTER COLUMN note TYPE bytea USING note::bytea;
-- case: type-cidr-to-inet
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN net cidr DEFAULT '10.0.0.0/8';
ALTER TABLE products ALTER COLUMN net TYPE inet;
-- case: type-inet-to-cidr
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN net inet DEFAULT '10.0.0.1/8';
ALTER TABLE products ALTER COLUMN net TYPE cidr;
-- case: type-text-to-domain-without-check
-- role: safe
ALTER TABLE orders ALTER COLUMN note TYPE slug;
-- case: type-domain-to-text
-- role: safe
ALTER TABLE users ALTER COLUMN page TYPE text;
-- case: type-numeric-to-checked-domain
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE positive_amount;
-- case: type-oid-to-integer
-- role: safe
-- setup: ALTER TABLE products ADD COLUMN obj oid DEFAULT 12;
ALTER TABLE products ALTER COLUMN obj TYPE integer;
-- case: type-collation-without-index
-- role: safe
ALTER TABLE orders ALTER COLUMN note TYPE text COLLATE "C";
-- case: type-collation-with-index
-- role: hazard
-- setup: CREATE INDEX orders_note_idx ON orders (note);
ALTER TABLE orders ALTER COLUMN note TYPE text COLLATE "C";
-- case: type-collation-with-unique-index
-- role: hazard
ALTER TABLE products ALTER COLUMN sku TYPE text COLLATE "POSIX";
-- case: type-wider-with-check-on-the-column
-- role: hazard
-- setup: ALTER TABLE users ADD CONSTRAINT handle_short CHECK (length(handle) < 60);
ALTER TABLE users ALTER COLUMN handle TYPE varchar(100);
-- case: type-wider-with-check-on-other-column
-- role: safe
-- setup: ALTER TABLE users ADD CONSTRAINT zip_short CHECK (length(zip) < 60);
ALTER TABLE users ALTER COLUMN handle TYPE varchar(100);
-- case: type-wider-with-foreign-key
-- role: safe
-- setup: CREATE TABLE lands (code varchar(20) PRIMARY KEY); INSERT INTO lands SELECT 'l' || g FROM generate_series(1, 600) g; ALTER TABLE products ADD COLUMN land varchar(20) DEFAULT 'l1' REFERENCES lands (code);
ALTER TABLE products ALTER COLUMN land TYPE varchar(40);
-- case: type-used-by-view
-- role: hazard
ALTER TABLE users ALTER COLUMN email TYPE varchar(200);
-- case: type-used-by-view-dropped-first
-- role: hazard
DROP VIEW active_users;
ALTER TABLE users ALTER COLUMN full_name TYPE varchar(400);
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE state = 'active';
GRANT SELECT ON active_users TO shop_app;
-- case: type-view-dropped-first-no-rewrite
-- role: safe
DROP VIEW active_users;
ALTER TABLE users ALTER COLUMN full_name TYPE varchar;
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE state = 'active';
GRANT SELECT ON active_users TO shop_app;
-- case: type-used-by-materialized-view
-- role: hazard
ALTER TABLE orders ALTER COLUMN user_id TYPE numeric;
-- case: type-used-by-generated-column
-- role: hazard
-- setup: ALTER TABLE products ADD COLUMN gross numeric GENERATED ALWAYS AS (price * 1.2) STORED;
ALTER TABLE products ALTER COLUMN price TYPE numeric(14,2);
-- case: type-used-by-partial-index
-- role: hazard
-- setup: CREATE INDEX orders_noted ON orders (placed_at) WHERE note <> '';
ALTER TABLE orders ALTER COLUMN note TYPE varchar(500);
-- case: type-of-partition-key
-- role: hazard
ALTER TABLE events ALTER COLUMN at TYPE timestamp;
-- case: type-of-partitioned-column
-- role: hazard
ALTER TABLE events ALTER COLUMN id TYPE numeric;
-- case: type-of-partitioned-column-no-rewrite
-- role: safe
ALTER TABLE events ALTER COLUMN payload TYPE varchar;
-- case: type-of-one-partition
-- role: hazard
ALTER TABLE events_2026 ALTER COLUMN payload TYPE varchar(50);
-- case: type-of-foreign-key-column
-- role: hazard
ALTER TABLE sessions ALTER COLUMN user_id TYPE integer;
-- case: type-of-identity-column
-- role: hazard
DROP VIEW order_overview;
ALTER TABLE orders ALTER COLUMN id TYPE integer;
-- case: type-of-added-column
-- role: hazard
ALTER TABLE users ADD COLUMN level smallint;
ALTER TABLE users ALTER COLUMN level TYPE integer;
-- case: type-of-new-table
-- role: safe
CREATE TABLE things (id integer PRIMARY KEY, size integer);
ALTER TABLE things ALTER COLUMN size TYPE bigint;
-- case: type-of-empty-table
-- role: advisory
ALTER TABLE import_buffer ALTER COLUMN line TYPE varchar(20);
-- case: type-two-changes
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE numeric(14,2), ALTER COLUMN stock TYPE bigint;
-- case: type-two-harmless-changes
-- role: safe
ALTER TABLE users ALTER COLUMN handle TYPE text, ALTER COLUMN bio TYPE varchar(2000), ALTER COLUMN score TYPE numeric(20,4);
-- case: type-of-missing-column
-- role: hazard
ALTER TABLE users ALTER COLUMN town TYPE text;
-- case: type-to-missing-type
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE postcode USING zip::postcode;
-- case: type-serial-in-alter
-- role: hazard
ALTER TABLE products ALTER COLUMN stock TYPE serial;
-- case: type-materialized-view-column
-- role: safe
COMMENT ON COLUMN user_totals.pieces IS 'sum';
