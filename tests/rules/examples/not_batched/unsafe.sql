-- faber-db: batch 1000
INSERT INTO totals SELECT user_id, count(*) FROM orders GROUP BY user_id;
