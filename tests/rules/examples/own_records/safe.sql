-- faber_db.marker is left alone
DELETE FROM products WHERE id = 1;
