-- transaction: none
DROP DATABASE shop;
