-- A shop on SQLite: what the cases find, with its rows. Names and values are made up.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    full_name TEXT,
    nickname TEXT,
    bio TEXT,
    age INTEGER CHECK (age IS NULL OR age >= 0),
    zip TEXT,
    balance NUMERIC NOT NULL DEFAULT 0,
    plan TEXT NOT NULL DEFAULT 'free',
    active INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX users_age_idx ON users (age);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sku TEXT,
    price REAL NOT NULL DEFAULT 0,
    stock INTEGER NOT NULL DEFAULT 0,
    color TEXT
);
CREATE UNIQUE INDEX products_sku_key ON products (sku);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    product_id INTEGER REFERENCES products (id) ON DELETE SET NULL,
    status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'sent', 'closed')),
    quantity INTEGER NOT NULL DEFAULT 1,
    amount REAL,
    note TEXT,
    reference TEXT,
    placed_at TEXT
);
CREATE INDEX orders_user_idx ON orders (user_id);
CREATE INDEX orders_open_idx ON orders (status) WHERE status <> 'closed';
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    title TEXT,
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE TABLE invoices (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    cents INTEGER NOT NULL,
    paid_at TEXT
) STRICT;
CREATE TABLE preferences (key TEXT PRIMARY KEY, value TEXT, note TEXT);
CREATE TABLE audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT);
CREATE TABLE labels (name TEXT, weight TEXT);
CREATE TABLE drafts (id INTEGER PRIMARY KEY, body TEXT);
CREATE VIRTUAL TABLE product_search USING fts5 (name, color);
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE active = 1;
CREATE VIEW order_overview AS SELECT o.id, o.status, u.email FROM orders o JOIN users u ON u.id = o.user_id;
CREATE TRIGGER products_price AFTER UPDATE OF price ON products BEGIN
    INSERT INTO audit_log (message) VALUES ('price of ' || NEW.id);
END;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO users (email, full_name, nickname, bio, age, zip, balance, plan, active)
SELECT 'user' || i || '@shop.test', 'Full ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'nick' || i END,
    'about ' || i, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 90 END, printf('%05d', i), i * 1.25,
    CASE i % 4 WHEN 0 THEN 'team' WHEN 1 THEN 'pro' ELSE 'free' END, i % 5 <> 0 FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO products (id, name, sku, price, stock, color)
SELECT i, 'Product ' || i, 'SKU' || i, i * 1.1, i % 50, CASE WHEN i % 2 THEN 'red' END FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO orders (id, user_id, product_id, status, quantity, amount, note, reference, placed_at)
SELECT i, 1 + i % 2000, 1 + i % 500, CASE i % 4 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' WHEN 2 THEN 'sent' ELSE 'closed' END,
    i % 7, i * 1.5, 'note ' || i, 'REF' || i, '2025-01-0' || (1 + i % 9) FROM n;
INSERT INTO order_items (order_id, line, title) SELECT id, 1, 'first of ' || id FROM orders;
INSERT INTO invoices (id, order_id, cents, paid_at) SELECT id, id, id * 100, placed_at FROM orders WHERE id <= 1000;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
INSERT INTO preferences (key, value, note) SELECT 'key' || i, 'value' || i, 'why ' || i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO audit_log (id, message, detail) SELECT i, 'message ' || i, 'detail ' || i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO labels (name, weight) SELECT 'label' || (i % 100), '00' || i FROM n;
INSERT INTO product_search (rowid, name, color) SELECT id, name, color FROM products;
