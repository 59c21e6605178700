-- case: partition-attach
-- role: hazard
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-proved
-- role: safe
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT in_2027 CHECK (at >= '2027-01-01+00' AND at < '2028-01-01+00');
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-proved-not-valid
-- role: hazard
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT in_2027 CHECK (at >= '2027-01-01+00' AND at < '2028-01-01+00') NOT VALID;
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-check-too-wide
-- role: hazard
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT after CHECK (at >= '2027-01-01+00');
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-check-in-same-file
-- role: hazard
ALTER TABLE events_2027 ADD CONSTRAINT in_2027 CHECK (at >= '2027-01-01+00' AND at < '2028-01-01+00');
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-rows-outside
-- role: hazard
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-06-01+00') TO ('2028-01-01+00');
-- case: partition-attach-overlapping
-- role: hazard
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2026-06-01+00') TO ('2028-01-01+00');
-- case: partition-attach-with-filled-default
-- role: hazard
-- setup: CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events SELECT g, '2030-01-01'::timestamptz + g * interval '1 hour', 'x' FROM generate_series(1, 2000) g;
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT in_2027 CHECK (at >= '2027-01-01+00' AND at < '2028-01-01+00');
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-attach-new-empty-table
-- role: safe
CREATE TABLE events_2028 (LIKE events INCLUDING DEFAULTS);
ALTER TABLE events ATTACH PARTITION events_2028 FOR VALUES FROM ('2028-01-01+00') TO ('2029-01-01+00');
-- case: partition-attach-index-of-parent
-- role: hazard
-- setup: CREATE INDEX events_id_idx ON events (id);
-- setup: ALTER TABLE events_2027 ADD CONSTRAINT in_2027 CHECK (at >= '2027-01-01+00' AND at < '2028-01-01+00');
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01+00') TO ('2028-01-01+00');
-- case: partition-create
-- role: safe
CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01+00') TO ('2029-01-01+00');
-- case: partition-create-default
-- role: safe
CREATE TABLE events_rest PARTITION OF events DEFAULT;
-- case: partition-create-with-filled-default
-- role: hazard
-- setup: CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events SELECT g, '2030-01-01'::timestamptz + g * interval '1 hour', 'x' FROM generate_series(1, 2000) g;
CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01+00') TO ('2029-01-01+00');
-- case: partition-create-overlapping
-- role: hazard
CREATE TABLE events_more PARTITION OF events FOR VALUES FROM ('2026-06-01+00') TO ('2029-01-01+00');
-- case: partition-create-partitioned-table
-- role: safe
CREATE TABLE visits (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX ON visits (id);
-- case: partition-detach
-- role: hazard
ALTER TABLE events DETACH PARTITION events_2025;
-- case: partition-detach-concurrently
-- role: hazard
-- transaction: none
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
-- case: partition-detach-concurrently-wrapped
-- role: hazard
ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY;
-- case: partition-detach-not-read-by-the-application
-- role: advisory
ALTER TABLE events DETACH PARTITION events_2026;
-- case: partition-detach-then-scan
-- role: hazard
ALTER TABLE events DETACH PARTITION events_2026;
SELECT count(*) FROM orders;
-- case: partition-drop
-- role: hazard
DROP TABLE events_2026;
-- case: partition-detach-and-drop
-- role: hazard
ALTER TABLE events DETACH PARTITION events_2026;
DROP TABLE events_2026;
-- case: partition-inherit
-- role: hazard
-- setup: CREATE TABLE base (id bigint, line text); CREATE TABLE branch (id bigint, line text); INSERT INTO branch SELECT g, 'x' FROM generate_series(1, 2000) g;
ALTER TABLE branch INHERIT base;
ALTER TABLE base ADD COLUMN u uuid DEFAULT gen_random_uuid();
-- case: partition-primary-key-on-parent
-- role: hazard
ALTER TABLE events ADD PRIMARY KEY (id, at);
-- case: partition-unique-without-key
-- role: hazard
ALTER TABLE events ADD UNIQUE (id);
-- case: partition-foreign-key-from-parent
-- role: hazard
ALTER TABLE events ADD COLUMN user_id bigint;
ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES users (id);
-- case: partition-foreign-key-from-parent-not-valid
-- role: hazard
-- setup: ALTER TABLE events ADD COLUMN user_id bigint;
ALTER TABLE events ADD CONSTRAINT events_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
-- case: partition-update-over-all
-- role: hazard
ALTER TABLE events ADD COLUMN source text;
UPDATE events SET source = 'web';
-- case: partition-check-on-one
-- role: hazard
ALTER TABLE events_2026 ADD CONSTRAINT id_ok CHECK (id > 0);
-- case: partition-truncate-one
-- role: hazard
TRUNCATE events_2025;
-- case: partition-set-parameter
-- role: safe
ALTER TABLE events_2026 SET (autovacuum_vacuum_scale_factor = 0.02);
