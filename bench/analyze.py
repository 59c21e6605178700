"""How fast a script is read and judged (DESIGN: Budgets), beside bare postgast and squawk.

Run: python bench/analyze.py [file.sql …]; without files it makes its own. Each figure is the best of
several rounds in one process, in processor time.

What is compared on the same text:

- *cut and checked*: `parse`, which gives the statements with their places, lines and whether they may
  stand in a transaction, each accepted by PostgreSQL's parser, against `postgast.parse`, which gives
  trees. Both run the same parser once over the text; `parse` leaves the trees where they are until
  a statement is looked at. This is the budget of 0.9.
- *actions read*: the same and `actions` of every statement, against `postgast.split` and
  `postgast.parse` of each piece. No budget: the walk over the trees is Python, and bare postgast only
  hands them over.
- *judged*: `analyze` against squawk (if it is installed), both as wall-clock time of one file; squawk
  in a process of its own, as it comes, we in this one and as `faber-db analyze`.
"""

import gc
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import postgast

from faber_db.model.dialect import Dialect
from faber_db.rules import Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

TWENTY = {
    Dialect.POSTGRESQL: """
        CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE TABLE a (id bigint PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'good');
        CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint NOT NULL REFERENCES a (id), at timestamptz DEFAULT now());
        CREATE INDEX b_a ON b (a_id);
        ALTER TABLE a ADD COLUMN note text, ADD COLUMN points integer NOT NULL DEFAULT 0;
        ALTER TABLE users ADD COLUMN plan text;
        UPDATE users SET plan = 'free' WHERE id BETWEEN 1 AND 1000;
        ALTER TABLE users ALTER COLUMN age TYPE bigint;
        ALTER TABLE users ALTER COLUMN name SET NOT NULL;
        ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
        ALTER TABLE orders VALIDATE CONSTRAINT f;
        DROP INDEX orders_old;
        CREATE OR REPLACE VIEW v AS SELECT a.id, b.at FROM a JOIN b ON b.a_id = a.id WHERE a.points > 3;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'x'; RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();
        INSERT INTO a (id, name) SELECT id, name FROM users WHERE age > 3;
        GRANT SELECT ON a TO reader;
        COMMENT ON TABLE a IS 'a';
        ALTER TABLE users RENAME COLUMN zip TO postcode;
        DELETE FROM orders WHERE user_id IS NULL;
    """,
    Dialect.SQLITE: "CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT);" * 5
    + "ALTER TABLE users ADD COLUMN z TEXT; CREATE INDEX i ON users (z); UPDATE users SET z = 1 WHERE id = 3;" * 5,
    Dialect.MYSQL: "ALTER TABLE users ADD COLUMN a INT NULL, DROP COLUMN b; UPDATE users SET a = 1 WHERE id = 3;" * 10,
}  # fmt: skip
SCHEMA = "CREATE TABLE users (id bigint PRIMARY KEY, name text, age integer, zip text);" \
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);"  # fmt: skip


def best(*runs: Callable[[], object], rounds: int = 9) -> list[float]:
    """Seconds of processor time of the fastest round of each; rounds take turns, so noise is shared."""
    took: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, times in zip(runs, took, strict=True):
            gc.collect()
            began = time.process_time()
            run()
            times.append(time.process_time() - began)
    return [min(times) for times in took]


def budget(name: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> bool:
    kept = value >= limit if at_least else value <= limit
    bound = ">=" if at_least else "<="
    print(
        f"{'ok  ' if kept else 'OVER'} {name}: {value:.2f} {unit} (budget {bound} {limit} {unit})"
    )
    return kept


def against_postgast(text: str) -> bool:
    count = len(parse(text, Dialect.POSTGRESQL).statements)

    def pieces() -> object:
        with warnings.catch_warnings():  # one that bare postgast cannot cut is not our affair here
            warnings.simplefilter("ignore")
            return [postgast.parse(piece) for piece in postgast.split(text)]

    def cut() -> object:
        return parse(text, Dialect.POSTGRESQL)

    def read() -> object:
        return [s.actions for s in parse(text, Dialect.POSTGRESQL).statements]

    trees, ours, split, acted = best(lambda: postgast.parse(text), cut, pieces, read)
    kept = budget(
        f"{count} statements cut and checked, of bare postgast",
        trees / ours,
        0.9,
        "x",
        at_least=True,
    )
    print(
        f"     {count} statements, actions read: {split / acted:.2f} x of bare postgast"
        f" ({acted / count * 1e6:.0f} µs a statement, no budget)"
    )
    return kept


def against_squawk(text: str) -> None:
    """Both linters on one file, by the clock on the wall."""
    squawk = Path(sys.executable).parent / "squawk"
    faber_db = Path(sys.executable).parent / "faber-db"
    found = str(squawk) if squawk.exists() else shutil.which("squawk")
    context = Context(Dialect.POSTGRESQL, catalogue=catalogue_of(SCHEMA, Dialect.POSTGRESQL))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migration.sql"
        file.write_text(text, "utf-8")
        here = wall(lambda: analyze(parse(text, Dialect.POSTGRESQL), context))
        command = [str(faber_db), "analyze", "--dialect", "postgresql", "--json", str(file)]
        figures = {"faber-db in process": here, "faber-db as a command": ran(command, folder)}
        if found is not None:
            figures["squawk as a command"] = ran([found, str(file)], folder)
    shown = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in figures.items())
    print(f"     judged: {shown}" + ("" if found else "; squawk is not installed"))


def ran(command: list[str], folder: str) -> float:
    return wall(lambda: subprocess.run(command, cwd=folder, capture_output=True, check=False))


def wall(run: Callable[[], object], rounds: int = 3) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> int:
    kept = True
    for dialect, text in TWENTY.items():
        context = Context(dialect, catalogue=catalogue_of(SCHEMA, dialect))

        def judge(
            text: str = text, dialect: Dialect = dialect, context: Context = context
        ) -> object:
            return analyze(parse(text, dialect), context)

        count = len(parse(text, dialect).statements)
        kept &= budget(f"analyze {count} statements, {dialect}", best(judge)[0] * 1000, 20, "ms")
    files = [Path(a).read_text("utf-8") for a in sys.argv[1:]]
    for text in files or [TWENTY[Dialect.POSTGRESQL], TWENTY[Dialect.POSTGRESQL] * 100]:
        kept &= against_postgast(text)
        against_squawk(text)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
