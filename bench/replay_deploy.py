"""A real project's Prisma migrations deployed from nothing: `python bench/replay_deploy.py FOLDER`.

FOLDER holds `migrations` (or `migration`), and `schema.prisma` or `schema/` where the project has one. `faber-db build`
deploys everything to an empty PostgreSQL of ours; then the real Prisma CLI is asked what it thinks:
`migrate status`, and the difference between the database and the schema file. Beside it the CLI
deploys the same itself, and both catalogues are compared object by object.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.deploy import build, ground, prisma
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from tests.interop.test_prisma import PACKAGES

_LEDGER = ("_prisma_migrations",)


def main() -> int:
    """Print what became of it; 0 where the CLI accepts everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--first", default="", help="SQL for the empty database, such as CREATE EXTENSION"
    )
    given = parser.parse_args()
    with ground(Dialect.POSTGRESQL) as place, tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        count = copy(given.folder, root)
        ours, theirs = place.new(), place.new()
        for url in (ours, theirs):
            with Postgresql().connect(url) as session:
                for statement in filter(str.strip, given.first.split(";")):
                    session.execute(statement)
        began = time.perf_counter()
        build(root, ours, "prisma", "prisma/migrations")
        print(f"{count} migrations deployed by faber-db in {time.perf_counter() - began:.1f} s")
        return judge(root, ours, theirs)


def copy(folder: Path, root: Path) -> int:
    """The project's Prisma folder where a new project has it; how many migrations it holds."""
    shutil.copytree(folder, root / "prisma", ignore=shutil.ignore_patterns("*.ts", "*.js"))
    if (root / "prisma" / "migration").is_dir():
        (root / "prisma" / "migration").rename(root / "prisma" / "migrations")
    if not list((root / "prisma").glob("schema*")):
        (root / "prisma" / "schema.prisma").write_text(
            'datasource db {\n  provider = "postgresql"\n}\n'
        )
    (root / "node_modules").symlink_to(PACKAGES / "node_modules")
    return len(list((root / "prisma" / "migrations").glob("*/migration.sql")))


def judge(root: Path, ours: str, theirs: str) -> int:
    """What the CLI says of our deployment, and whether its own gives the same schema."""
    said = prisma(root, ours, "status", fails=(1,))
    accepted = "Database schema is up to date" in said
    print("migrate status:", "up to date" if accepted else said.strip()[-600:])
    again = prisma(root, ours, "deploy")
    print("migrate deploy:", "nothing to do" if "No pending migrations" in again else again[-300:])
    began = time.perf_counter()
    prisma(root, theirs, "deploy")
    print(f"deployed by the CLI in {time.perf_counter() - began:.1f} s")
    same = fingerprint(ours) == fingerprint(theirs)
    print("the two catalogues:", "equal" if same else "differ")
    return 0 if accepted and same else 1


def fingerprint(url: str) -> str:
    with Postgresql().connect(url) as session:
        found: Catalogue = session.catalogue(leave_out=_LEDGER)
        return found.fingerprint()


if __name__ == "__main__":
    sys.exit(main())
