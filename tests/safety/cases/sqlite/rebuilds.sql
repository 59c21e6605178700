-- The table rebuild that SQLite asks for, right and wrong, as Prisma, Django, Rails, Alembic and people write it.

-- case: prisma-rebuild
-- role: safe
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_labels" ("name" TEXT, "weight" TEXT DEFAULT '0');
INSERT INTO "new_labels" ("name", "weight") SELECT "name", "weight" FROM "labels";
DROP TABLE "labels";
ALTER TABLE "new_labels" RENAME TO "labels";
PRAGMA foreign_key_check;
PRAGMA foreign_keys=ON;

-- case: prisma-rebuild-of-a-parent
-- role: safe
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_products" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "sku" TEXT, "price" REAL NOT NULL DEFAULT 0, "stock" INTEGER NOT NULL DEFAULT 0, "color" TEXT, "brand" TEXT);
INSERT INTO "new_products" ("id", "name", "sku", "price", "stock", "color") SELECT "id", "name", "sku", "price", "stock", "color" FROM "products";
DROP TABLE "products";
ALTER TABLE "new_products" RENAME TO "products";
CREATE UNIQUE INDEX "products_sku_key" ON "products"("sku");
CREATE TRIGGER products_price AFTER UPDATE OF price ON products BEGIN
    INSERT INTO audit_log (message) VALUES ('price of ' || NEW.id);
END;
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- case: prisma-rebuild-without-its-index
-- role: hazard
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_products" ("id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "sku" TEXT, "price" REAL NOT NULL DEFAULT 0, "stock" INTEGER NOT NULL DEFAULT 0, "color" TEXT);
INSERT INTO "new_products" ("id", "name", "sku", "price", "stock", "color") SELECT "id", "name", "sku", "price", "stock", "color" FROM "products";
DROP TABLE "products";
ALTER TABLE "new_products" RENAME TO "products";
PRAGMA foreign_keys=ON;

-- case: rebuild-leaves-a-column-out
-- role: hazard
PRAGMA foreign_keys=OFF;
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT);
INSERT INTO new_audit_log (id, message) SELECT id, message FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;
PRAGMA foreign_keys=ON;

-- case: rebuild-forgets-to-copy-a-column
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT);
INSERT INTO new_audit_log (id, message) SELECT id, message FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-filters-rows
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT);
INSERT INTO new_audit_log (id, message, detail) SELECT id, message, detail FROM audit_log WHERE id > 100;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-limits-rows
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight TEXT);
INSERT INTO new_labels SELECT name, weight FROM labels LIMIT 500;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-distinct
-- role: hazard
CREATE TABLE new_labels (name TEXT PRIMARY KEY, weight TEXT);
INSERT INTO new_labels SELECT name, min(weight) FROM labels GROUP BY name;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-insert-or-ignore
-- role: hazard
CREATE TABLE new_labels (name TEXT PRIMARY KEY, weight TEXT);
INSERT OR IGNORE INTO new_labels (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-joins
-- role: hazard
CREATE TABLE new_invoices (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), cents INTEGER NOT NULL, paid_at TEXT);
INSERT INTO new_invoices SELECT i.id, i.order_id, i.cents, i.paid_at FROM invoices i JOIN orders o ON o.id = i.order_id AND o.status = 'paid';
DROP TABLE invoices;
ALTER TABLE new_invoices RENAME TO invoices;

-- case: rebuild-without-the-insert
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT);
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-copies-from-another-table
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight TEXT);
INSERT INTO new_labels SELECT key, value FROM preferences;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-star
-- role: safe
CREATE TABLE new_labels (name TEXT, weight TEXT);
INSERT INTO new_labels SELECT * FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-mixes-columns-up
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight TEXT);
INSERT INTO new_labels (name, weight) SELECT weight, name FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-star-into-another-order
-- role: hazard
CREATE TABLE new_labels (weight TEXT, name TEXT);
INSERT INTO new_labels SELECT * FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-keys-on-cascades
-- role: hazard
PRAGMA foreign_keys = ON;
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, product_id INTEGER REFERENCES products (id) ON DELETE SET NULL, status TEXT NOT NULL DEFAULT 'new', quantity INTEGER NOT NULL DEFAULT 1, amount REAL, note TEXT, reference TEXT, placed_at TEXT);
INSERT INTO new_orders SELECT id, user_id, product_id, status, quantity, amount, note, reference, placed_at FROM orders;
DELETE FROM invoices;
DROP VIEW order_overview;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
CREATE VIEW order_overview AS SELECT o.id, o.status, u.email FROM orders o JOIN users u ON u.id = o.user_id;

-- case: rebuild-keys-on-set-null
-- role: hazard
PRAGMA foreign_keys = ON;
CREATE TABLE new_products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT UNIQUE, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, color TEXT);
INSERT INTO new_products SELECT id, name, sku, price, stock, color FROM products;
DROP TABLE products;
ALTER TABLE new_products RENAME TO products;

-- case: rebuild-keys-off-too-late
-- role: hazard
PRAGMA foreign_keys = ON;
BEGIN;
PRAGMA foreign_keys = OFF;
CREATE TABLE new_products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT UNIQUE, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, color TEXT);
INSERT INTO new_products SELECT id, name, sku, price, stock, color FROM products;
DROP TABLE products;
ALTER TABLE new_products RENAME TO products;
COMMIT;

-- case: rebuild-with-a-view-in-the-way
-- role: hazard
PRAGMA foreign_keys = OFF;
CREATE TABLE new_users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT, bio TEXT, age INTEGER, zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO new_users SELECT * FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
CREATE INDEX users_age_idx ON users (age);

-- case: rebuild-with-a-view-in-the-way-wrapped
-- role: hazard
-- transaction: wrap
CREATE TABLE new_users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT, bio TEXT, age INTEGER, zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO new_users SELECT * FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;

-- case: rebuild-with-the-views-made-anew
-- role: safe
PRAGMA foreign_keys = OFF;
DROP VIEW active_users;
DROP VIEW order_overview;
CREATE TABLE new_users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT, bio TEXT, age INTEGER, zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO new_users SELECT * FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
CREATE INDEX users_age_idx ON users (age);
CREATE VIEW active_users AS SELECT id, email, full_name FROM users WHERE active = 1;
CREATE VIEW order_overview AS SELECT o.id, o.status, u.email FROM orders o JOIN users u ON u.id = o.user_id;

-- case: rebuild-with-legacy-alter-table
-- role: safe
PRAGMA foreign_keys = OFF;
PRAGMA legacy_alter_table = ON;
CREATE TABLE new_users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT, bio TEXT, age INTEGER, zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO new_users SELECT * FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
CREATE INDEX users_age_idx ON users (age);
PRAGMA legacy_alter_table = OFF;

-- case: rename-first-rebuild
-- role: hazard
ALTER TABLE products RENAME TO products_old;
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT UNIQUE, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, color TEXT);
INSERT INTO products SELECT id, name, sku, price, stock, color FROM products_old;
DROP TABLE products_old;

-- case: rename-first-rebuild-of-a-leaf
-- role: safe
ALTER TABLE labels RENAME TO labels_old;
CREATE TABLE labels (name TEXT, weight TEXT, note TEXT);
INSERT INTO labels (name, weight) SELECT name, weight FROM labels_old;
DROP TABLE labels_old;

-- case: rename-first-rebuild-leaves-a-column-out
-- role: hazard
ALTER TABLE labels RENAME TO labels_old;
CREATE TABLE labels (name TEXT, kind TEXT);
INSERT INTO labels (name) SELECT name FROM labels_old;
DROP TABLE labels_old;

-- case: django-rebuild
-- role: safe
CREATE TABLE "new__preferences" ("key" varchar(50) NOT NULL PRIMARY KEY, "value" text NULL, "note" text NULL, "scope" varchar(10) DEFAULT 'user' NOT NULL);
INSERT INTO "new__preferences" ("key", "value", "note", "scope") SELECT "key", "value", "note", 'user' FROM "preferences";
DROP TABLE "preferences";
ALTER TABLE "new__preferences" RENAME TO "preferences";

-- case: alembic-batch-rebuild
-- role: safe
CREATE TABLE _alembic_tmp_preferences (
    "key" TEXT NOT NULL,
    value TEXT,
    note TEXT,
    PRIMARY KEY ("key")
);
INSERT INTO _alembic_tmp_preferences ("key", value, note) SELECT preferences."key", preferences.value, preferences.note
FROM preferences;
DROP TABLE preferences;
ALTER TABLE _alembic_tmp_preferences RENAME TO preferences;

-- case: rails-rebuild
-- role: safe
BEGIN DEFERRED TRANSACTION;
CREATE TEMPORARY TABLE "alabels" ("name" varchar, "weight" varchar);
INSERT INTO "alabels" ("name","weight") SELECT "name","weight" FROM "labels";
DROP TABLE "labels";
CREATE TABLE "labels" ("name" varchar, "weight" varchar DEFAULT '0');
INSERT INTO "labels" ("name","weight") SELECT "name","weight" FROM "alabels";
DROP TABLE "alabels";
COMMIT TRANSACTION;

-- case: rails-rebuild-drops-a-column
-- role: hazard
BEGIN DEFERRED TRANSACTION;
CREATE TEMPORARY TABLE "alabels" ("name" varchar);
INSERT INTO "alabels" ("name") SELECT "name" FROM "labels";
DROP TABLE "labels";
CREATE TABLE "labels" ("name" varchar);
INSERT INTO "labels" ("name") SELECT "name" FROM "alabels";
DROP TABLE "alabels";
COMMIT TRANSACTION;

-- case: rebuild-text-to-integer
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight INTEGER);
INSERT INTO new_labels (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-cast-real-to-integer
-- role: hazard
PRAGMA foreign_keys=OFF;
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, product_id INTEGER REFERENCES products (id) ON DELETE SET NULL, status TEXT NOT NULL DEFAULT 'new', quantity INTEGER NOT NULL DEFAULT 1, amount INTEGER, note TEXT, reference TEXT, placed_at TEXT);
DROP VIEW order_overview;
INSERT INTO new_orders SELECT id, user_id, product_id, status, quantity, CAST(amount AS INTEGER), note, reference, placed_at FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
CREATE VIEW order_overview AS SELECT o.id, o.status, u.email FROM orders o JOIN users u ON u.id = o.user_id;

-- case: rebuild-integer-to-text
-- role: advisory
CREATE TABLE new_invoices (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), cents TEXT NOT NULL, paid_at TEXT);
INSERT INTO new_invoices SELECT id, order_id, cents, paid_at FROM invoices;
DROP TABLE invoices;
ALTER TABLE new_invoices RENAME TO invoices;

-- case: rebuild-substring
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT);
INSERT INTO new_audit_log (id, message, detail) SELECT id, substr(message, 1, 5), detail FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-coalesce-makes-required
-- role: hazard
CREATE TABLE new_labels (name TEXT NOT NULL, weight TEXT NOT NULL, rank INTEGER NOT NULL DEFAULT 0);
INSERT INTO new_labels (name, weight) SELECT coalesce(name, 'none') AS name, coalesce(weight, '0') AS weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;
CREATE UNIQUE INDEX labels_weight ON labels (weight, name);
CREATE UNIQUE INDEX labels_name ON labels (name);

-- case: rebuild-makes-required
-- role: advisory
CREATE TABLE new_labels (name TEXT, weight TEXT NOT NULL DEFAULT '0');
INSERT INTO new_labels (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-coalesce-without-default
-- role: advisory
CREATE TABLE new_labels (name TEXT, weight TEXT NOT NULL);
INSERT INTO new_labels (name, weight) SELECT name, ifnull(weight, '0') FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-coalesce
-- role: safe
CREATE TABLE new_labels (name TEXT NOT NULL DEFAULT 'none', weight TEXT NOT NULL DEFAULT '0');
INSERT INTO new_labels (name, weight) SELECT coalesce(name, 'none') AS name, coalesce(weight, '0') AS weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-not-null-with-nulls
-- role: hazard
CREATE TABLE new_users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, full_name TEXT, nickname TEXT NOT NULL, bio TEXT, age INTEGER, zip TEXT, balance NUMERIC NOT NULL DEFAULT 0, plan TEXT NOT NULL DEFAULT 'free', active INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT INTO new_users SELECT * FROM users;

-- case: rebuild-tightens-a-check
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight TEXT CHECK (weight < '00300'));
INSERT INTO new_labels SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-adds-unique-on-duplicates
-- role: hazard
CREATE TABLE new_labels (name TEXT UNIQUE, weight TEXT);
INSERT INTO new_labels SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-required-new-column
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT, level TEXT NOT NULL);
INSERT INTO new_audit_log (id, message, detail, level) SELECT id, message, detail, 'info' FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-renames-a-column
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, extra TEXT);
INSERT INTO new_audit_log (id, message, extra) SELECT id, message, detail FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-wrong-number-of-columns
-- role: hazard
CREATE TABLE new_audit_log (id INTEGER PRIMARY KEY, message TEXT, detail TEXT, level TEXT);
INSERT INTO new_audit_log SELECT * FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-loses-the-trigger
-- role: advisory
PRAGMA foreign_keys=OFF;
CREATE TABLE new_products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, sku TEXT UNIQUE, price REAL NOT NULL DEFAULT 0, stock INTEGER NOT NULL DEFAULT 0, color TEXT);
INSERT INTO new_products SELECT id, name, sku, price, stock, color FROM products;
DROP TABLE products;
ALTER TABLE new_products RENAME TO products;

-- case: rebuild-of-a-table-without-rowid
-- role: safe
CREATE TABLE new_order_items (order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE, line INTEGER NOT NULL, title TEXT, PRIMARY KEY (order_id, line));
INSERT INTO new_order_items SELECT order_id, line, title FROM order_items;
DROP TABLE order_items;
ALTER TABLE new_order_items RENAME TO order_items;

-- case: rebuild-two-tables
-- role: safe
PRAGMA foreign_keys=OFF;
CREATE TABLE new_labels (name TEXT, weight TEXT, note TEXT);
INSERT INTO new_labels (name, weight) SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;
CREATE TABLE new_preferences (key TEXT PRIMARY KEY, value TEXT, note TEXT, at TEXT);
INSERT INTO new_preferences (note, value, key) SELECT note, value, key FROM preferences;
DROP TABLE preferences;
ALTER TABLE new_preferences RENAME TO preferences;
PRAGMA foreign_keys=ON;

-- case: rebuild-copies-an-expression-instead
-- role: hazard
CREATE TABLE new_labels (name TEXT, weight TEXT);
INSERT INTO new_labels (name, weight) SELECT name, '' FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;

-- case: rebuild-by-create-table-as
-- role: hazard
CREATE TABLE new_audit_log AS SELECT id, message FROM audit_log;
DROP TABLE audit_log;
ALTER TABLE new_audit_log RENAME TO audit_log;

-- case: rebuild-by-create-table-as-complete
-- role: advisory
CREATE TABLE new_labels AS SELECT name, weight FROM labels;
DROP TABLE labels;
ALTER TABLE new_labels RENAME TO labels;
