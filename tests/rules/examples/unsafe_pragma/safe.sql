-- dialect: sqlite
PRAGMA foreign_keys = OFF;
PRAGMA synchronous = FULL;
