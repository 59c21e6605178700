REVOKE SELECT ON customers FROM clerk;
