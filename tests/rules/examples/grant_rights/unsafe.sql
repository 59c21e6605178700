GRANT SELECT ON customers TO clerk;
