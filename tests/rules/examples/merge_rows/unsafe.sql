MERGE INTO products p USING orders o ON o.id = p.id WHEN MATCHED THEN DELETE;
