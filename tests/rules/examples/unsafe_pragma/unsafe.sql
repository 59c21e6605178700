-- dialect: sqlite
PRAGMA writable_schema = ON;
