MERGE INTO products p USING orders o ON o.id = p.id WHEN NOT MATCHED THEN INSERT (id, title) VALUES (o.id, 'x');
