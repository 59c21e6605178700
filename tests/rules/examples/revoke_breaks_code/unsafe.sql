REVOKE INSERT ON customers FROM clerk;
