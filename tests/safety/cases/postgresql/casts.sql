-- Type changes that keep or change what is stored.
-- case: numeric-to-integer
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE integer;
-- case: numeric-to-integer-using
-- role: hazard
ALTER TABLE users ALTER COLUMN score TYPE integer USING score::integer;
-- case: numeric-to-real
-- role: hazard
ALTER TABLE orders ALTER COLUMN amount TYPE real;
-- case: numeric-smaller-precision-fits
-- role: hazard
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(10,4);
-- case: numeric-without-limit
-- role: safe
ALTER TABLE orders ALTER COLUMN amount TYPE numeric;
-- case: numeric-wider
-- role: safe
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(16,4);
-- case: numeric-more-decimals
-- role: hazard
ALTER TABLE orders ALTER COLUMN amount TYPE numeric(16,6);
-- case: double-to-real
-- role: hazard
ALTER TABLE users ALTER COLUMN rating TYPE real;
-- case: double-to-numeric
-- role: hazard
ALTER TABLE users ALTER COLUMN rating TYPE numeric;
-- case: double-to-integer
-- role: hazard
ALTER TABLE orders ALTER COLUMN total TYPE integer USING round(total);
-- case: real-to-double
-- role: hazard
ALTER TABLE products ALTER COLUMN weight TYPE double precision;
-- case: bigint-to-integer-overflow
-- role: hazard
ALTER TABLE users ALTER COLUMN big_number TYPE integer;
-- case: integer-to-smallint-fits
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE smallint;
-- case: integer-to-bigint
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE bigint;
-- case: integer-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE text;
-- case: integer-to-boolean
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE boolean USING age > 30;
-- case: boolean-to-integer
-- role: hazard
ALTER TABLE users ALTER COLUMN is_admin DROP DEFAULT, ALTER COLUMN is_admin TYPE integer USING is_admin::integer, ALTER COLUMN is_admin SET DEFAULT 0;
-- case: boolean-to-text-state
-- role: hazard
ALTER TABLE products ALTER COLUMN active DROP DEFAULT;
ALTER TABLE products ALTER COLUMN active TYPE text USING CASE WHEN active THEN 'live' ELSE 'hidden' END;
-- case: timestamp-to-date
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE date;
-- case: timestamptz-to-date
-- role: hazard
ALTER TABLE users ALTER COLUMN created_at TYPE date;
-- case: timestamp-to-seconds
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamp(0);
-- case: prisma-timestamp-3
-- role: hazard
-- AlterTable
ALTER TABLE "users" ALTER COLUMN "created_at" SET DATA TYPE TIMESTAMP(3);
-- case: timestamptz-to-milliseconds
-- role: hazard
ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz(3);
-- case: timestamp-to-timestamptz-utc
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE timestamptz USING seen_at AT TIME ZONE 'UTC';
-- case: timestamp-to-epoch
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE bigint USING extract(epoch FROM seen_at)::bigint;
-- case: timestamp-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN seen_at TYPE text;
-- case: text-to-varchar-using-cut
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE varchar(5) USING left(phone, 5);
-- case: text-to-varchar-using-cast
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE varchar(5) USING phone::varchar(5);
-- case: varchar-shorter-too-short
-- role: hazard
ALTER TABLE users ALTER COLUMN bio TYPE varchar(100);
-- case: varchar-shorter-fits
-- role: hazard
ALTER TABLE users ALTER COLUMN handle TYPE varchar(40);
-- case: varchar-to-text
-- role: safe
ALTER TABLE users ALTER COLUMN bio TYPE text;
-- case: text-to-varchar-fits
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE varchar(10);
-- case: char-to-text
-- role: hazard
ALTER TABLE orders ALTER COLUMN currency TYPE text;
-- case: char-shorter
-- role: hazard
ALTER TABLE orders ALTER COLUMN currency TYPE char(2) USING substr(currency, 1, 2);
-- case: text-lowered
-- role: hazard
ALTER TABLE users ALTER COLUMN full_name TYPE text USING lower(full_name);
-- case: text-trimmed
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE text USING nullif(phone, 'unknown');
-- case: text-to-integer-no-using
-- role: hazard
ALTER TABLE users ALTER COLUMN zip TYPE integer;
-- case: text-to-bigint-with-bad-values
-- role: hazard
ALTER TABLE users ALTER COLUMN phone TYPE bigint USING phone::bigint;
-- case: text-to-uuid-bad
-- role: hazard
ALTER TABLE users ALTER COLUMN referral_code TYPE uuid USING referral_code::uuid;
-- case: uuid-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN external_id TYPE text;
-- case: text-to-enum
-- role: hazard
CREATE TYPE user_state AS ENUM ('active', 'closed');
DROP VIEW active_users;
ALTER TABLE users ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE user_state USING state::user_state, ALTER COLUMN state SET DEFAULT 'active';
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE state = 'active';
GRANT SELECT ON active_users TO shop_app;
-- case: text-to-enum-bad-values
-- role: hazard
CREATE TYPE phone_kind AS ENUM ('mobile', 'unknown');
ALTER TABLE users ALTER COLUMN phone TYPE phone_kind USING phone::phone_kind;
-- case: enum-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN plan DROP DEFAULT, ALTER COLUMN plan TYPE text;
-- case: json-to-jsonb
-- role: hazard
ALTER TABLE users ALTER COLUMN raw TYPE jsonb;
-- case: jsonb-to-text
-- role: hazard
ALTER TABLE audit_log ALTER COLUMN detail TYPE text;
-- case: jsonb-to-one-key
-- role: hazard
ALTER TABLE users ALTER COLUMN settings DROP DEFAULT, ALTER COLUMN settings TYPE text USING settings ->> 'theme';
-- case: array-to-text
-- role: hazard
ALTER TABLE users ALTER COLUMN tags DROP DEFAULT, ALTER COLUMN tags TYPE text USING array_to_string(tags, ',');
-- case: array-to-first
-- role: hazard
ALTER TABLE users ALTER COLUMN tags DROP DEFAULT, ALTER COLUMN tags TYPE text USING tags[1];
-- case: using-null
-- role: hazard
ALTER TABLE users ALTER COLUMN external_id TYPE bigint USING NULL;
-- case: using-constant
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE integer USING 18;
-- case: cents
-- role: hazard
ALTER TABLE products ALTER COLUMN price TYPE integer USING (price * 100)::integer;
-- case: domain-to-text
-- role: safe
ALTER TABLE users ALTER COLUMN page TYPE text;
-- case: text-to-unconstrained-domain
-- role: safe
ALTER TABLE users ALTER COLUMN phone TYPE slug;
-- case: date-to-timestamp
-- role: hazard
-- setup: ALTER TABLE audit_log ADD COLUMN day date DEFAULT '2025-01-01';
ALTER TABLE audit_log ALTER COLUMN day TYPE timestamptz;
-- case: interval-to-seconds
-- role: hazard
-- setup: ALTER TABLE audit_log ADD COLUMN took interval; UPDATE audit_log SET took = interval '1.5 seconds' * (1 + extract(minute FROM at));
ALTER TABLE audit_log ALTER COLUMN took TYPE interval(0);
-- case: inet-to-text
-- role: hazard
-- setup: ALTER TABLE audit_log ADD COLUMN address inet DEFAULT '10.0.0.1';
ALTER TABLE audit_log ALTER COLUMN address TYPE text;
-- case: bytea-to-text
-- role: hazard
-- setup: ALTER TABLE audit_log ADD COLUMN body bytea DEFAULT '\xdeadbeef';
ALTER TABLE audit_log ALTER COLUMN body TYPE text USING encode(body, 'hex');
-- case: money-to-numeric
-- role: hazard
-- setup: ALTER TABLE audit_log ADD COLUMN price money DEFAULT 5.25;
ALTER TABLE audit_log ALTER COLUMN price TYPE numeric(10,1);
-- case: type-of-new-column
-- role: hazard
ALTER TABLE settings ADD COLUMN price numeric(10,4);
ALTER TABLE settings ALTER COLUMN price TYPE numeric(10,2);
-- case: type-in-new-table
-- role: safe
CREATE TABLE prices (id int, price numeric(10,4));
ALTER TABLE prices ALTER COLUMN price TYPE integer;
-- case: same-type-again
-- role: safe
ALTER TABLE users ALTER COLUMN zip TYPE text;
