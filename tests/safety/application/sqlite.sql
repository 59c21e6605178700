-- What the application that runs during the migration sends, with foreign keys on.
-- Each runs by itself and is rolled back, before and after the migration; one that found rows and now
-- finds none counts as broken.
-- name: read a user
SELECT id, email, full_name, nickname, bio, age, zip, balance, plan, active, created_at FROM users WHERE id = 17;
-- name: search users
SELECT id FROM users WHERE email = 'user17@shop.test' AND zip = '00017' AND age > 1 AND nickname LIKE 'nick%';
-- name: sign up
INSERT INTO users (email, full_name, nickname, bio, age, zip, balance, plan) VALUES ('new@shop.test', 'F', NULL, 'b', 30, '00001', 2.5, 'team') RETURNING id;
-- name: sign up with the least
INSERT INTO users (email) VALUES ('least@shop.test') RETURNING id;
-- name: sign up again
INSERT INTO users (email) VALUES ('user5@shop.test') ON CONFLICT (email) DO UPDATE SET active = 1 RETURNING id;
-- name: change a user
UPDATE users SET nickname = NULL, full_name = 'x', age = NULL, plan = 'pro', active = 0 WHERE id = 17 RETURNING id;
-- name: active users
SELECT id, email, full_name FROM active_users LIMIT 1;
-- name: read an order
SELECT id, user_id, product_id, status, quantity, amount, note, reference, placed_at FROM orders WHERE id = 17;
-- name: orders of a user
SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.id = 18 AND o.status = 'paid';
-- name: place an order
INSERT INTO orders (user_id, product_id, status, quantity, amount, note, reference) VALUES (18, 4, 'paid', 1, 5.5, NULL, 'REF1') RETURNING id;
-- name: place an order with the least
INSERT INTO orders (user_id) VALUES (18) RETURNING id;
-- name: close an order
UPDATE orders SET status = 'closed', note = 'x' WHERE id = 18 RETURNING id;
-- name: order overview
SELECT id, status, email FROM order_overview LIMIT 1;
-- name: items of an order
SELECT order_id, line, title FROM order_items WHERE order_id = 17;
-- name: add an item
INSERT INTO order_items (order_id, line, title) VALUES (17, 2, 'second') RETURNING line;
-- name: read an invoice
SELECT id, order_id, cents, paid_at FROM invoices WHERE order_id = 17;
-- name: write an invoice
INSERT INTO invoices (order_id, cents) VALUES (1500, 1999) RETURNING id;
-- name: read a product
SELECT id, name, sku, price, stock, color FROM products WHERE sku = 'SKU17';
-- name: add a product
INSERT INTO products (name, sku, price) VALUES ('New', 'SKUNEW', 1.5) RETURNING id;
-- name: put a product again
INSERT INTO products (name, sku) VALUES ('Again', 'SKU5') ON CONFLICT (sku) DO UPDATE SET stock = stock + 1 RETURNING id;
-- name: change a price
UPDATE products SET price = price + 1 WHERE id = 17 RETURNING id;
-- name: search products
SELECT rowid FROM product_search WHERE product_search MATCH 'Product' LIMIT 1;
-- name: read a preference
SELECT key, value, note FROM preferences WHERE key = 'key17';
-- name: write a preference
INSERT INTO preferences (key, value) VALUES ('new', 'v') RETURNING key;
-- name: log something
INSERT INTO audit_log (message, detail) VALUES ('m', 'd') RETURNING id;
-- name: read the log
SELECT id, message, detail FROM audit_log WHERE id = 17;
-- name: read a label
SELECT name, weight FROM labels WHERE weight = '0017';
-- name: add a label
INSERT INTO labels (name, weight) VALUES ('label1', '0001') RETURNING name;
-- name: save a draft
INSERT INTO drafts (body) VALUES ('b') RETURNING id;
