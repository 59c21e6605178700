ALTER TABEL customers ADD x int;
