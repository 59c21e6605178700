-- faber-db: batch 1000
UPDATE orders SET status = 'open' WHERE status IS NULL;
