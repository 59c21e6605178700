CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text,
    name text,
    zip text,
    age integer,
    seen timestamptz
);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    user_id bigint,
    total numeric(10, 2) NOT NULL,
    state text NOT NULL DEFAULT 'open',
    note varchar(80)
);
CREATE INDEX orders_state ON orders (state);
CREATE TABLE lines (order_id bigint, position integer, sku text NOT NULL, PRIMARY KEY (order_id, position));
CREATE TABLE keyless (a integer, b integer);
CREATE TABLE "Odd Name" (id integer PRIMARY KEY, "Mixed Case" text, "user" text);
CREATE TABLE events (at timestamptz NOT NULL, body text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 (at timestamptz NOT NULL, body text);
CREATE TABLE parts (kind text NOT NULL, body text) PARTITION BY LIST (kind);
CREATE TABLE parts_a (kind text NOT NULL, body text);
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX totals_user ON totals (user_id);

INSERT INTO users SELECT g, 'u' || g, 'n' || g % 7, lpad(g::text, 5, '0'), g % 90, '2026-01-01' FROM generate_series(1, 2500) g;
INSERT INTO orders SELECT g, g, g, 'open', 'o' || g FROM generate_series(1, 500) g;
INSERT INTO lines SELECT o, p, 's' || o FROM generate_series(1, 700) o, generate_series(1, 3) p;
INSERT INTO keyless SELECT g, g FROM generate_series(1, 500) g;
INSERT INTO "Odd Name" SELECT g, 'm' || g, 'u' || g FROM generate_series(1, 500) g;
INSERT INTO events SELECT '2025-03-01'::timestamptz + g * interval '1 hour', 'e' FROM generate_series(1, 500) g;
INSERT INTO events_2027 SELECT '2027-03-01'::timestamptz + g * interval '1 hour', 'e' FROM generate_series(1, 500) g;
INSERT INTO parts_a SELECT 'a', 'e' FROM generate_series(1, 500) g;
REFRESH MATERIALIZED VIEW totals;
