-- case: delete-all
-- role: hazard
DELETE FROM journal;

-- case: delete-where
-- role: hazard
DELETE FROM journal WHERE topic = 'logout';

-- case: delete-by-key
-- role: hazard
DELETE FROM preferences WHERE name = 'key7';

-- case: delete-where-true
-- role: hazard
DELETE FROM preferences WHERE 1 = 1;

-- case: delete-limit
-- role: hazard
DELETE FROM journal ORDER BY at LIMIT 100;

-- case: delete-low-priority-quick-ignore
-- role: hazard
DELETE LOW_PRIORITY QUICK IGNORE FROM journal WHERE ref > 100;

-- case: delete-with-join
-- role: hazard
DELETE l FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id WHERE p.state = 'open';

-- case: delete-from-two-tables
-- role: hazard
DELETE purchases, purchase_lines FROM purchases JOIN purchase_lines ON purchase_lines.purchase_id = purchases.id WHERE purchases.state = 'sent';

-- case: delete-using
-- role: hazard
DELETE FROM l USING purchase_lines AS l JOIN items AS i ON i.id = l.item_id WHERE i.stock = 0;

-- case: delete-left-join-orphans
-- role: hazard
DELETE p FROM purchases p LEFT JOIN purchase_lines l ON l.purchase_id = p.id WHERE l.item_id < 100 OR l.item_id IS NULL;

-- case: delete-where-in-query
-- role: hazard
DELETE FROM purchase_lines WHERE purchase_id IN (SELECT id FROM purchases WHERE state = 'paid');

-- case: delete-cascades
-- role: hazard
DELETE FROM purchases WHERE id BETWEEN 10 AND 20;

-- case: delete-sets-null
-- role: hazard
DELETE FROM suppliers WHERE country = 'DE';

-- case: delete-restricted
-- role: hazard
DELETE FROM customers WHERE id < 50;

-- case: delete-returning
-- role: hazard
DELETE FROM preferences WHERE changed < 50 RETURNING name;

-- case: delete-from-partition
-- role: hazard
DELETE FROM clicks PARTITION (p2023);

-- case: delete-duplicates
-- role: hazard
DELETE a FROM journal a JOIN journal b ON a.topic = b.topic AND a.ref > b.ref WHERE b.ref < 4;

-- case: delete-from-table-made-here
-- role: safe
CREATE TABLE copied (id INT PRIMARY KEY, subject VARCHAR(100));
INSERT INTO copied SELECT id, subject FROM letters;
DELETE FROM copied WHERE id > 1000;

-- case: update-all
-- role: hazard
UPDATE purchases SET state = 'archived';

-- case: update-all-computed
-- role: hazard
UPDATE items SET price = price * 1.05;

-- case: update-all-sets-null
-- role: hazard
UPDATE customers SET birthday = NULL;

-- case: update-where-true
-- role: hazard
UPDATE customers SET points = 0 WHERE TRUE;

-- case: update-where-not-null-of-a-required-column
-- role: hazard
UPDATE customers SET points = 0 WHERE id IS NOT NULL;

-- case: update-where
-- role: advisory
UPDATE purchases SET state = 'closed' WHERE state = 'sent' AND placed_at < '2023-06-01';

-- case: update-by-key
-- role: advisory
UPDATE preferences SET value = 'on' WHERE name = 'key3';

-- case: update-limit
-- role: advisory
UPDATE journal SET topic = 'x' ORDER BY at LIMIT 10;

-- case: update-fills-nulls
-- role: safe
UPDATE customers SET city = 'unknown' WHERE city IS NULL;

-- case: update-with-join
-- role: hazard
UPDATE purchases p JOIN customers c ON c.id = p.customer_id SET p.remark = c.city;

-- case: update-with-join-where
-- role: advisory
UPDATE purchases p INNER JOIN customers c ON c.id = p.customer_id SET p.remark = c.city WHERE p.id < 100;

-- case: update-two-tables
-- role: hazard
UPDATE purchases, purchase_lines SET purchases.remark = 'moved', purchase_lines.quantity = 0 WHERE purchases.id = purchase_lines.purchase_id;

-- case: update-from-query
-- role: hazard
UPDATE customers SET points = (SELECT COUNT(*) FROM purchases p WHERE p.customer_id = customers.id);

-- case: update-cascades-over-key
-- role: hazard
-- setup: CREATE TABLE tokens (pref VARCHAR(50) NOT NULL, n INT, CONSTRAINT tokens_fk FOREIGN KEY (pref) REFERENCES preferences (name) ON UPDATE CASCADE);
-- setup: INSERT INTO tokens SELECT name, 1 FROM preferences;
UPDATE preferences SET name = CONCAT('new-', name);

-- case: update-new-column
-- role: advisory
ALTER TABLE customers ADD COLUMN search_name VARCHAR(100) NULL;
UPDATE customers SET search_name = LOWER(last_name);

-- case: update-new-column-in-batches
-- role: safe
ALTER TABLE customers ADD COLUMN search_name VARCHAR(100) NULL;
UPDATE customers SET search_name = LOWER(last_name) WHERE id BETWEEN 1 AND 1000;

-- case: update-new-column-by-join
-- role: advisory
ALTER TABLE purchases ADD COLUMN city VARCHAR(60) NULL;
UPDATE purchases p JOIN customers c ON c.id = p.customer_id SET p.city = c.city;

-- case: update-table-made-here
-- role: safe
CREATE TABLE levels (name VARCHAR(20) PRIMARY KEY, rebate INT NOT NULL);
INSERT INTO levels VALUES ('basic', 0), ('gold', 0);
UPDATE levels SET rebate = 5;

-- case: insert
-- role: safe
INSERT INTO preferences (name, value) VALUES ('theme', 'dark'), ('lang', 'de');

-- case: insert-set
-- role: safe
INSERT INTO preferences SET name = 'theme', value = 'dark';

-- case: insert-ignore
-- role: safe
INSERT IGNORE INTO preferences (name, value) VALUES ('key1', 'other'), ('theme', 'dark');

-- case: insert-select
-- role: safe
INSERT INTO journal (at, topic, ref) SELECT placed_at, 'order', id FROM purchases WHERE state = 'open';

-- case: insert-duplicate-key-update
-- role: hazard
INSERT INTO preferences (name, value) VALUES ('key1', 'changed'), ('fresh', 'x') ON DUPLICATE KEY UPDATE value = VALUES(value);

-- case: insert-duplicate-key-update-that-keeps
-- role: safe
INSERT INTO preferences (name, value) VALUES ('key1', 'changed'), ('fresh', 'x') ON DUPLICATE KEY UPDATE name = name;

-- case: insert-select-duplicate-key-update
-- role: hazard
INSERT INTO preferences (name, changed) SELECT CONCAT('key', id), stock + 5000 FROM items WHERE id < 100 ON DUPLICATE KEY UPDATE changed = VALUES(changed);

-- case: insert-not-exists
-- role: safe
INSERT INTO preferences (name, value) SELECT 'theme', 'dark' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM preferences WHERE name = 'theme');

-- case: insert-returning
-- role: safe
INSERT INTO suppliers (name) VALUES ('New one') RETURNING id;

-- case: replace-values
-- role: hazard
REPLACE INTO preferences (name, value) VALUES ('key1', 'replaced'), ('key2', 'replaced');

-- case: replace-without-into
-- role: hazard
REPLACE preferences (name, value) VALUES ('key1', 'replaced');

-- case: replace-set
-- role: hazard
REPLACE INTO preferences SET name = 'key9', value = 'replaced';

-- case: replace-select
-- role: hazard
REPLACE INTO preferences (name, value) SELECT name, UPPER(value) FROM preferences WHERE changed < 100;

-- case: replace-cascades
-- role: hazard
REPLACE INTO purchases (id, customer_id, placed_at) VALUES (5, 6, '2024-01-01 00:00:00');

-- case: replace-into-table-made-here
-- role: safe
CREATE TABLE levels (name VARCHAR(20) PRIMARY KEY, rebate INT NOT NULL);
REPLACE INTO levels VALUES ('basic', 0), ('gold', 5);

-- case: insert-duplicate-fails
-- role: advisory
INSERT INTO preferences (name, value) VALUES ('key1', 'again');

-- case: select-only
-- role: safe
SELECT COUNT(*), MAX(id) FROM customers;

-- case: select-for-update
-- role: advisory
SELECT * FROM customers WHERE id = 1 FOR UPDATE;

-- case: with-query
-- role: safe
WITH big AS (SELECT customer_id, SUM(total) AS t FROM purchases GROUP BY customer_id) SELECT COUNT(*) FROM big WHERE t > 100;

-- case: insert-with-cte
-- role: safe
INSERT INTO journal (at, topic, ref) WITH big AS (SELECT id FROM purchases WHERE total > 4000) SELECT NOW(), 'big', id FROM big;

-- case: create-table-select
-- role: safe
CREATE TABLE purchases_2023 AS SELECT * FROM purchases WHERE placed_at < '2024-01-01';

-- case: create-table-like-and-fill
-- role: safe
CREATE TABLE customers_new LIKE customers;
INSERT INTO customers_new SELECT * FROM customers;

-- case: update-to-null-where-not-null
-- role: hazard
UPDATE customers SET zip = NULL WHERE zip IS NOT NULL;

-- case: update-same-table-twice
-- role: hazard
UPDATE journal a JOIN journal b ON a.ref = b.ref + 1 SET a.detail = b.detail;
