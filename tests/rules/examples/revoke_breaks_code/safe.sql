GRANT INSERT ON customers TO clerk;
