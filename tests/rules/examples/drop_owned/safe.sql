REASSIGN OWNED BY clerk TO owner;
