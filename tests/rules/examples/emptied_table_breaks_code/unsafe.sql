DELETE FROM products;
