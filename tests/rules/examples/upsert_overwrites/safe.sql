INSERT INTO products (id, title) VALUES (1, 'x') ON CONFLICT DO NOTHING;
