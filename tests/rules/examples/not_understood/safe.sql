ALTER TABLE customers ADD x int;
