"""The command line: `main()` and one module per verb group.

Importing this package loads no database driver, no SQL parser and no MCP library; a verb imports
what it needs when it runs.
"""

import sys


def main() -> None:
    """Run the command line and end the process with the exit code of the table in `errors`."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):  # answered before anything else is loaded
        from faber_db import __version__

        sys.stdout.write(f"faber-db {__version__}\n")
        return
    from faber_db.cli.boundary import run

    sys.exit(run(arguments))
