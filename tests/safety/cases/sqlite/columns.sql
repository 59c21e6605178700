-- ADD, DROP and RENAME COLUMN in every form, and what SQLite's ALTER TABLE does not know.

-- case: add-nullable-column
-- role: safe
ALTER TABLE users ADD COLUMN phone TEXT;

-- case: add-column-constant-default
-- role: safe
ALTER TABLE users ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;

-- case: add-column-text-default
-- role: safe
ALTER TABLE orders ADD COLUMN currency TEXT NOT NULL DEFAULT 'EUR';

-- case: add-column-negative-default
-- role: safe
ALTER TABLE orders ADD COLUMN shift INTEGER DEFAULT -1;

-- case: add-several-columns
-- role: safe
ALTER TABLE users ADD COLUMN phone TEXT;
ALTER TABLE users ADD COLUMN locale TEXT DEFAULT 'en';
ALTER TABLE orders ADD COLUMN discount REAL;

-- case: add-required-column
-- role: hazard
ALTER TABLE users ADD COLUMN tenant INTEGER NOT NULL;

-- case: add-required-column-default-null
-- role: hazard
ALTER TABLE users ADD COLUMN tenant INTEGER NOT NULL DEFAULT NULL;

-- case: add-required-column-to-an-empty-table
-- role: hazard
ALTER TABLE drafts ADD COLUMN title TEXT NOT NULL;

-- case: add-column-current-timestamp
-- role: hazard
ALTER TABLE users ADD COLUMN seen_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- case: add-nullable-column-current-timestamp
-- role: hazard
ALTER TABLE orders ADD COLUMN updated_at TEXT DEFAULT CURRENT_TIMESTAMP;

-- case: add-column-expression-default
-- role: hazard
ALTER TABLE users ADD COLUMN token TEXT DEFAULT (lower(hex(randomblob(16))));

-- case: add-column-parenthesised-default
-- role: safe
ALTER TABLE users ADD COLUMN level INTEGER DEFAULT (1);

-- case: add-unique-column
-- role: hazard
ALTER TABLE users ADD COLUMN handle TEXT UNIQUE;

-- case: add-primary-key-column
-- role: hazard
ALTER TABLE labels ADD COLUMN id INTEGER PRIMARY KEY;

-- case: add-stored-column
-- role: hazard
ALTER TABLE orders ADD COLUMN total REAL GENERATED ALWAYS AS (quantity * amount) STORED;

-- case: add-virtual-column
-- role: safe
ALTER TABLE orders ADD COLUMN total REAL GENERATED ALWAYS AS (quantity * amount) VIRTUAL;

-- case: add-virtual-column-short
-- role: safe
ALTER TABLE users ADD COLUMN lower_email TEXT AS (lower(email));

-- case: add-virtual-required-column-that-is-null
-- role: hazard
ALTER TABLE users ADD COLUMN nick_length INTEGER NOT NULL GENERATED ALWAYS AS (length(nickname)) VIRTUAL;

-- case: add-column-references
-- role: safe
ALTER TABLE orders ADD COLUMN invoice_id INTEGER REFERENCES invoices (id);

-- case: add-column-references-default-null-keys-on
-- role: safe
PRAGMA foreign_keys = ON;
ALTER TABLE orders ADD COLUMN invoice_id INTEGER DEFAULT NULL REFERENCES invoices (id);

-- case: add-column-references-default-keys-on
-- role: hazard
PRAGMA foreign_keys = ON;
ALTER TABLE orders ADD COLUMN approver_id INTEGER DEFAULT 1 REFERENCES users (id);

-- case: add-column-references-default-keys-off
-- role: advisory
ALTER TABLE orders ADD COLUMN approver_id INTEGER DEFAULT 1 REFERENCES users (id);

-- case: add-column-check-that-holds
-- role: safe
ALTER TABLE users ADD COLUMN score INTEGER DEFAULT 0 CHECK (score >= 0);

-- case: add-column-check-that-fails
-- role: hazard
ALTER TABLE users ADD COLUMN score INTEGER DEFAULT 0 CHECK (score > 0);

-- case: add-nullable-column-check
-- role: safe
ALTER TABLE users ADD COLUMN rating INTEGER CHECK (rating BETWEEN 1 AND 5);

-- case: add-column-collate
-- role: safe
ALTER TABLE users ADD COLUMN city TEXT COLLATE NOCASE;

-- case: add-column-that-exists
-- role: hazard
ALTER TABLE users ADD COLUMN bio TEXT;

-- case: add-column-if-not-exists
-- role: hazard
ALTER TABLE users ADD COLUMN IF NOT EXISTS phone TEXT;

-- case: add-column-to-no-table
-- role: hazard
ALTER TABLE customers ADD COLUMN phone TEXT;

-- case: add-column-without-type-to-strict
-- role: hazard
ALTER TABLE invoices ADD COLUMN currency;

-- case: add-column-to-strict
-- role: safe
ALTER TABLE invoices ADD COLUMN currency TEXT;

-- case: add-column-unknown-type-to-strict
-- role: hazard
ALTER TABLE invoices ADD COLUMN issued DATETIME;

-- case: drop-column
-- role: hazard
ALTER TABLE users DROP COLUMN bio;

-- case: drop-column-without-the-word
-- role: hazard
ALTER TABLE orders DROP note;

-- case: drop-indexed-column
-- role: hazard
ALTER TABLE users DROP COLUMN age;

-- case: drop-unique-column
-- role: hazard
ALTER TABLE users DROP COLUMN email;

-- case: drop-primary-key-column
-- role: hazard
ALTER TABLE products DROP COLUMN id;

-- case: drop-column-in-a-view
-- role: hazard
ALTER TABLE users DROP COLUMN full_name;

-- case: drop-column-in-a-trigger
-- role: hazard
ALTER TABLE products DROP COLUMN price;

-- case: drop-column-of-a-partial-index
-- role: hazard
ALTER TABLE orders DROP COLUMN status;

-- case: drop-foreign-key-column
-- role: hazard
ALTER TABLE orders DROP COLUMN product_id;

-- case: drop-column-then-add
-- role: hazard
ALTER TABLE users DROP COLUMN nickname;
ALTER TABLE users ADD COLUMN display_name TEXT;

-- case: drop-column-index-first
-- role: hazard
DROP INDEX products_sku_key;
ALTER TABLE products DROP COLUMN sku;

-- case: drop-column-added-here
-- role: safe
ALTER TABLE users ADD COLUMN phone TEXT;
ALTER TABLE users DROP COLUMN phone;

-- case: drop-column-that-is-not-there
-- role: hazard
ALTER TABLE users DROP COLUMN phone;

-- case: rename-column
-- role: hazard
ALTER TABLE users RENAME COLUMN nickname TO handle;

-- case: rename-column-without-the-word
-- role: hazard
ALTER TABLE users RENAME zip TO postcode;

-- case: rename-column-in-a-view
-- role: hazard
ALTER TABLE users RENAME COLUMN full_name TO name;

-- case: rename-column-in-a-trigger
-- role: hazard
ALTER TABLE products RENAME COLUMN price TO amount;

-- case: rename-column-added-here
-- role: safe
ALTER TABLE users ADD COLUMN phon TEXT;
ALTER TABLE users RENAME COLUMN phon TO phone;

-- case: alter-column-type
-- role: hazard
ALTER TABLE users ALTER COLUMN age TYPE TEXT;

-- case: alter-column-set-not-null
-- role: hazard
ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;

-- case: alter-column-set-default
-- role: hazard
ALTER TABLE users ALTER COLUMN plan SET DEFAULT 'pro';

-- case: add-constraint-unique
-- role: hazard
ALTER TABLE labels ADD CONSTRAINT labels_name UNIQUE (name);

-- case: add-constraint-foreign-key
-- role: hazard
ALTER TABLE labels ADD CONSTRAINT labels_user FOREIGN KEY (name) REFERENCES users (email);

-- case: modify-column
-- role: hazard
ALTER TABLE users MODIFY COLUMN age BIGINT;

-- case: drop-constraint
-- role: hazard
ALTER TABLE orders DROP CONSTRAINT orders_status;

-- case: two-changes-in-one-alter
-- role: hazard
ALTER TABLE users ADD COLUMN phone TEXT, ADD COLUMN fax TEXT;
