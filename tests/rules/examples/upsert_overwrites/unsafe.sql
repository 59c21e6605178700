INSERT INTO products (id, title) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET title = 'x';
