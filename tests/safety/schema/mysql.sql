-- A shop on MySQL or MariaDB, with its rows.
CREATE TABLE suppliers (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  country CHAR(2) NOT NULL DEFAULT 'CH'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE items (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supplier_id INT NULL,
  sku VARCHAR(30) NOT NULL,
  title VARCHAR(60) NOT NULL,
  summary VARCHAR(200) NULL,
  price DECIMAL(12,4) NOT NULL,
  weight DOUBLE NULL,
  stock INT NOT NULL DEFAULT 0,
  tags SET('new','sale','eco') NULL,
  long_text MEDIUMTEXT NULL,
  UNIQUE KEY items_sku (sku),
  KEY items_supplier (supplier_id),
  CONSTRAINT items_supplier_fk FOREIGN KEY (supplier_id) REFERENCES suppliers (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE customers (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(190) NOT NULL,
  first_name VARCHAR(40) NULL,
  last_name VARCHAR(40) NOT NULL DEFAULT '',
  full_name VARCHAR(120) NULL,
  city VARCHAR(60) NULL,
  zip VARCHAR(10) NULL,
  age TINYINT UNSIGNED NULL,
  points INT NOT NULL DEFAULT 0,
  level ENUM('basic','plus','gold') NOT NULL DEFAULT 'basic',
  bio TEXT NULL,
  settings JSON NULL,
  avatar VARBINARY(100) NULL,
  birthday DATE NULL,
  born_in YEAR NULL,
  token CHAR(16) NULL COMMENT 'one-time code',
  visits BIGINT NOT NULL DEFAULT 0,
  created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE KEY customers_email (email),
  KEY customers_city (city),
  KEY customers_age (age)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE purchases (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT NOT NULL,
  coupon_id INT NULL,
  state VARCHAR(20) NOT NULL DEFAULT 'open',
  total DECIMAL(12,2) NOT NULL DEFAULT 0,
  remark VARCHAR(100) NULL,
  placed_at DATETIME NOT NULL,
  KEY purchases_customer (customer_id),
  KEY purchases_state (state),
  CONSTRAINT purchases_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id),
  CONSTRAINT purchases_total_check CHECK (total >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE purchase_lines (
  purchase_id BIGINT NOT NULL,
  item_id INT UNSIGNED NOT NULL,
  quantity SMALLINT NOT NULL,
  price DECIMAL(12,4) NOT NULL,
  PRIMARY KEY (purchase_id, item_id),
  KEY purchase_lines_item (item_id),
  CONSTRAINT purchase_lines_purchase_fk FOREIGN KEY (purchase_id) REFERENCES purchases (id) ON DELETE CASCADE,
  CONSTRAINT purchase_lines_item_fk FOREIGN KEY (item_id) REFERENCES items (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE journal (
  at DATETIME NOT NULL,
  topic VARCHAR(40) NOT NULL,
  detail TEXT NULL,
  ref BIGINT NOT NULL,
  KEY journal_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE preferences (
  name VARCHAR(50) NOT NULL PRIMARY KEY,
  value VARCHAR(200) NULL,
  note VARCHAR(200) NULL,
  changed INT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE letters (
  id INT NOT NULL PRIMARY KEY,
  subject VARCHAR(100) NOT NULL,
  body TEXT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1;

CREATE TABLE clicks (
  id BIGINT NOT NULL,
  day DATE NOT NULL,
  url VARCHAR(100) NOT NULL,
  PRIMARY KEY (id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
PARTITION BY RANGE COLUMNS (day) (
  PARTITION p2023 VALUES LESS THAN ('2024-01-01'),
  PARTITION p2024 VALUES LESS THAN ('2025-01-01'),
  PARTITION pmax VALUES LESS THAN (MAXVALUE)
);

CREATE VIEW gold_customers AS SELECT id, email, points FROM customers WHERE level = 'gold';

INSERT INTO suppliers (id, name, country) SELECT seq, CONCAT('Supplier ', seq), IF(seq % 3, 'CH', 'DE') FROM seq_1_to_200;
INSERT INTO items (id, supplier_id, sku, title, summary, price, weight, stock, tags, long_text)
  SELECT seq, 1 + seq % 200, CONCAT('SKU-', seq), CONCAT('Item number ', seq), IF(seq % 4, CONCAT('Summary of ', seq), NULL),
    seq * 1.2345, seq / 3, seq % 1000, ELT(1 + seq % 4, 'new', 'sale', 'eco', 'new,eco'), CONCAT(REPEAT('long ', 60), seq)
  FROM seq_1_to_1000;
INSERT INTO customers (id, email, first_name, last_name, full_name, city, zip, age, points, level, bio, settings, avatar,
    birthday, born_in, token, visits, created_at, updated_at)
  SELECT seq, CONCAT('user', seq, '@example.org'), IF(seq % 5, CONCAT('First', seq), NULL), CONCAT('Last', seq),
    CONCAT('First', seq, ' Last', seq), IF(seq % 7, CONCAT('City ', seq % 300), NULL), LPAD(seq % 9999, 5, '0'), 18 + seq % 70,
    seq * 37, ELT(1 + seq % 3, 'basic', 'plus', 'gold'), CONCAT(REPEAT('bio ', 100), seq), CONCAT('{"n": ', seq, '}'), UNHEX(SHA1(seq)),
    DATE '1950-01-01' + INTERVAL seq DAY, 1950 + seq % 60, LEFT(SHA1(seq), 16), seq * 1000003,
    TIMESTAMP '2020-01-01 00:00:00.123456' + INTERVAL seq * 7919 SECOND, TIMESTAMP '2021-06-01 10:00:00' + INTERVAL seq SECOND
  FROM seq_1_to_2000;
INSERT INTO purchases (id, customer_id, coupon_id, state, total, remark, placed_at)
  SELECT seq, 1 + seq % 1500, IF(seq % 3, seq % 50, NULL), ELT(1 + seq % 3, 'open', 'paid', 'sent'), seq * 1.25,
    IF(seq % 2, CONCAT('Remark number ', seq, ', leave at the door'), NULL), TIMESTAMP '2023-01-01 00:00:00' + INTERVAL seq MINUTE
  FROM seq_1_to_2000;
INSERT INTO purchase_lines (purchase_id, item_id, quantity, price)
  SELECT seq, 1 + seq % 1000, 1 + seq % 300, seq * 0.3333 FROM seq_1_to_2000;
INSERT INTO journal (at, topic, detail, ref)
  SELECT TIMESTAMP '2022-01-01 00:00:00' + INTERVAL seq MINUTE, ELT(1 + seq % 3, 'login', 'logout', 'order'), CONCAT('detail ', seq), seq
  FROM seq_1_to_2000;
INSERT INTO preferences (name, value, note, changed) SELECT CONCAT('key', seq), CONCAT('value ', seq), CONCAT('note ', seq), seq FROM seq_1_to_500;
INSERT INTO letters (id, subject, body) SELECT seq, CONCAT('Grüezi ', seq), CONCAT('Letter ', seq) FROM seq_1_to_1000;
INSERT INTO clicks (id, day, url) SELECT seq, DATE '2023-01-01' + INTERVAL seq % 1000 DAY, CONCAT('/page/', seq) FROM seq_1_to_2000;
