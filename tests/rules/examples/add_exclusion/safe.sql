CREATE TABLE slots (during tsrange, EXCLUDE USING gist (during WITH &&));
