-- version: 150000
MERGE INTO products p USING orders o ON o.id = p.id WHEN MATCHED THEN DO NOTHING;
