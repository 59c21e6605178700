"""PostgreSQL: libpg_query trees to actions."""
