-- name: customer page
SELECT id, email, first_name, last_name, full_name, city, zip, age, points, level, bio, settings, avatar, birthday, born_in, token, visits, created_at, updated_at FROM customers WHERE id > 100 ORDER BY id LIMIT 3
-- name: sign in
SELECT id, token FROM customers WHERE email LIKE 'user8%@example.org'
-- name: gold list
SELECT id, email, points FROM gold_customers WHERE points > 100
-- name: customers of a city
SELECT id, last_name FROM customers WHERE city LIKE 'City 12%' AND level = 'gold'
-- name: item page
SELECT i.id, i.sku, i.title, i.summary, i.price, i.weight, i.stock, i.tags, i.long_text, s.name FROM items i JOIN suppliers s ON s.id = i.supplier_id WHERE i.sku LIKE 'SKU-9%'
-- name: paid purchases
SELECT p.id, c.email FROM purchases p JOIN customers c ON c.id = p.customer_id WHERE p.state = 'paid' LIMIT 20
-- name: one purchase
SELECT coupon_id, total, remark, placed_at FROM purchases WHERE id > 300 ORDER BY id LIMIT 5
-- name: lines of a purchase
SELECT l.quantity, l.price, i.title FROM purchase_lines l JOIN items i ON i.id = l.item_id WHERE l.purchase_id > 300 LIMIT 5
-- name: journal
SELECT at, topic, detail, ref FROM journal WHERE topic = 'login' ORDER BY at LIMIT 5
-- name: preference
SELECT value, note, changed FROM preferences WHERE name LIKE 'key1%'
-- name: letter
SELECT subject, body FROM letters WHERE id < 50
-- name: clicks of a year
SELECT url FROM clicks WHERE day < '2024-01-01' LIMIT 5
-- name: supplier
SELECT name, country FROM suppliers ORDER BY id LIMIT 10
-- name: register
INSERT INTO customers (email, last_name) VALUES ('fresh@example.org', 'Fresh')
-- name: register shortly
INSERT INTO customers (email) VALUES ('short@example.org')
-- name: register with gaps
INSERT INTO customers (email, first_name, full_name, city, age, level) VALUES ('gaps@example.org', NULL, NULL, NULL, NULL, 'gold')
-- name: buy
INSERT INTO purchases (customer_id, total, placed_at) VALUES (1, 9.90, '2025-01-01 10:00:00')
-- name: buy with coupon
INSERT INTO purchases (customer_id, coupon_id, state, total, remark, placed_at) VALUES (1, 999, 'open', 1234567.89, 'A remark of some forty characters, as written', NOW())
-- name: add a line
INSERT INTO purchase_lines (purchase_id, item_id, quantity, price) VALUES (1, 3, 299, 1.5)
-- name: add an item
INSERT INTO items (sku, title, price) VALUES ('SKU-NEW', 'A new item', 1.2345)
-- name: add a supplier
INSERT INTO suppliers (name) VALUES ('Another supplier')
-- name: log
INSERT INTO journal (at, topic, ref) VALUES (NOW(), 'search', 4711)
-- name: set a preference
INSERT INTO preferences (name, value) VALUES ('key2', 'x') ON DUPLICATE KEY UPDATE value = VALUES(value)
-- name: write a letter
INSERT INTO letters (id, subject) VALUES (900001, 'Hello')
-- name: click
INSERT INTO clicks (id, day, url) VALUES (900001, '2024-02-02', '/x')
-- name: earn points
UPDATE customers SET points = points + 1, level = 'gold' WHERE id = 9
-- name: sell
UPDATE items SET stock = stock - 1 WHERE sku = 'SKU-10'
-- name: send
UPDATE purchases SET state = 'sent' WHERE id = 6
-- name: cancel
DELETE FROM purchases WHERE id = 11
-- name: forget
DELETE FROM journal WHERE ref = 12
