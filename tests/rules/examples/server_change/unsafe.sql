-- transaction: none
ALTER SYSTEM SET wal_level = 'minimal';
