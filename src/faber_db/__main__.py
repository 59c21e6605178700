"""`python -m faber_db`: the command line, for processes that we start ourselves."""

from faber_db.cli import main

if __name__ == "__main__":
    main()
