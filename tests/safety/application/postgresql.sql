-- What the application that runs during the migration sends, as the unprivileged role shop_app.
-- Each runs by itself and is rolled back, before and after the migration; one that found rows and now
-- finds none counts as broken.
-- name: read a user
SELECT id, email, full_name, nickname, handle, bio, age, score, rating, zip, phone, plan, state, referral_code, external_id, invited_by, page, big_number, settings, raw, tags, home, is_admin, seen_at, created_at FROM users WHERE id = 17;
-- name: search users
SELECT id FROM users WHERE email = 'user17@shop.test' AND age > 1 AND zip = '00017' AND phone LIKE '0664%' AND score < 1000.5 AND full_name LIKE 'Full%' AND created_at > '2020-01-01' AND external_id IS NOT NULL AND big_number > 0 AND NOT is_admin AND 't2' = ANY (tags) AND settings ->> 'theme' IS NOT NULL;
-- name: sign up
INSERT INTO users (email, full_name, nickname, handle, bio, age, score, rating, zip, phone, plan, state, referral_code, page, big_number, raw, seen_at) VALUES ('new@shop.test', 'F', NULL, repeat('n', 30), repeat('b', 250), 30, 12.2512, 1.5, '00001', 'unknown', 'team', 'active', 'code1', 'p', 6000000001, '{"a":1}', '2025-01-01 00:00:00') RETURNING id;
-- name: sign up with the least
INSERT INTO users (email) VALUES ('least@shop.test') RETURNING id;
-- name: sign up again
INSERT INTO users (email) VALUES ('user5@shop.test') ON CONFLICT (email) DO UPDATE SET state = 'active' RETURNING id;
-- name: change a user
UPDATE users SET nickname = NULL, full_name = 'x', state = 'closed', age = age + 1, plan = 'company', zip = '01234' WHERE id = 17 RETURNING id;
-- name: active users
SELECT id, email, full_name FROM active_users LIMIT 1;
-- name: count active users
SELECT active_user_count();
-- name: read an order
SELECT id, user_id, status, quantity, amount, total, note, reference, currency, coupon_id, product_id, placed_at, updated_at FROM orders WHERE id = 17;
-- name: orders of a user
SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.id = 18 AND o.status = 'paid' AND o.amount >= 0 AND o.note LIKE 'note%' AND o.reference LIKE 'REF%';
-- name: place an order
INSERT INTO orders (user_id, quantity, amount, total, note, reference, coupon_id, product_id) VALUES (17, 1, 5.1234, 1.1, NULL, 'REFNEW', 3, 4) RETURNING id;
-- name: cancel an order
UPDATE orders SET status = 'cancelled', quantity = 2, note = 'x' WHERE id = 18 RETURNING id;
-- name: order overview
SELECT id, status, email FROM order_overview LIMIT 1;
-- name: totals
SELECT user_id, pieces FROM user_totals WHERE user_id = 17;
-- name: read lines
SELECT l.position, l.pieces, l.label, p.name FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = 17;
-- name: add a line
INSERT INTO order_lines (order_id, position, product_id, label) VALUES (17, 2, 3, 'x') RETURNING order_id;
-- name: read a product
SELECT id, name, sku, price, weight, active, stock, description FROM products WHERE id = 17 AND price > 0.5 AND weight > 0;
-- name: add a product
INSERT INTO products (name, price) VALUES ('x', 1.25) RETURNING id;
-- name: restock by number
INSERT INTO products (name, sku, price) VALUES ('x', 'SKU-17', 1) ON CONFLICT (sku) DO UPDATE SET stock = 5 RETURNING id;
-- name: price with the function
SELECT net_price(price) FROM products WHERE id = 17;
-- name: teams
SELECT t.title, m.user_id, m.role, l.amount FROM teams t JOIN memberships m ON m.team_code = t.code LEFT JOIN team_limits l ON l.team_code = t.code WHERE t.code = 'team7';
-- name: sign in
INSERT INTO sessions (token, user_id, expires_at) VALUES (gen_random_uuid(), 17, now()) RETURNING token;
-- name: read a session
SELECT user_id FROM sessions WHERE token = md5('s17')::uuid;
-- name: read a setting
SELECT value FROM settings WHERE key = 'key17';
-- name: write a setting
INSERT INTO settings (key, value) VALUES ('key17', 'x') ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING key;
-- name: log
INSERT INTO audit_log (at, actor, action, detail) VALUES (now(), NULL, 'x', '{}') RETURNING at;
-- name: read the log
SELECT at, actor, action, detail FROM audit_log WHERE actor = 'actor3' LIMIT 1;
-- name: an event
INSERT INTO events (id, at, payload) VALUES (1, '2025-05-05+00', 'x') RETURNING id;
-- name: read events
SELECT id, at, payload FROM events WHERE at BETWEEN '2025-03-01+00' AND '2025-03-02+00';
-- name: old orders
SELECT id, user_id, amount FROM archive.old_orders WHERE id = 17;
-- name: report
SELECT day, revenue, orders FROM reporting.daily WHERE day = '2021-01-01';
-- name: next invoice
SELECT nextval('invoice_number');
-- name: buffer a line
INSERT INTO import_buffer (id, line) VALUES (1, 'x') RETURNING id;
