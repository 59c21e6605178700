"""How fast a script is read and judged (DESIGN: Budgets).

Run: python bench/analyze.py [file.sql …]; without files it makes its own. Each figure is the best of
several rounds in one process; the parser is compared with bare postgast on the same text.
"""

import gc
import sys
import time
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

        def bare(text: str = text) -> object:
            return postgast.parse(text)

        def ours(text: str = text) -> object:
            return parse(text, Dialect.POSTGRESQL)

        bare_seconds, our_seconds = best(bare, ours)
        count = len(parse(text, Dialect.POSTGRESQL).statements)
        kept &= budget(
            f"parse {count} statements, of bare postgast",
            bare_seconds / our_seconds,
            0.9,
            "x",
            at_least=True,
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
