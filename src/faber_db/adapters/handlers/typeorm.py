"""TypeORM: classes named `<Name><ms>` in `src/migrations/<ms>-<Name>.ts`, and the table `migrations`.

Read in its source, src/migration/MigrationExecutor.ts: the name in the ledger is the instance's
`name`, or that of its class; its last 13 characters are the time stamp by which all are sorted; a
row whose class is gone is ignored. TypeORM has no lock.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha1

from faber_db.adapters.handlers.js_program import JsProgram, program_of
from faber_db.adapters.handlers.js_text import Found, is_program, literal, option, stem_of
from faber_db.adapters.handlers.js_tool import JsTool
from faber_db.adapters.handlers.js_writing import body
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.adapters.handlers.naming import slug_of
from faber_db.adapters.handlers.typeorm_source import RUNNER, data_source
from faber_db.errors import MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration, SourceFile
from faber_db.services.ports import Bound, Session, ToolPlace

METADATA = "typeorm_metadata"  # where TypeORM keeps the text of views and generated columns
_STAMP = 13  # digits: milliseconds since 1970
_DECLARED = re.compile(
    r"\bclass\s+([\w$]+)\s[^{]{0,500}\bMigrationInterface\b"
    r"|\b(?:class|function)\s+([\w$]+?\d{13})\b"
)
_NAMED = re.compile(
    r"(?<![\w.$])(?<!const )(?<!let )(?<!var )(?:this\.)?name\s*(?::\s*string\s*)?=\s*"
    r"(['\"`])([\w$]+\d{13})\1"
)
_TRANSACTION = re.compile(
    r"(?<![\w.$])(?:this\.)?transaction\s*(?::\s*boolean\s*)?=\s*(true|false)\b"
)


class TypeOrm(JsTool):
    """Classes with `up` and `down`, sorted by the time stamp in their names."""

    name = "typeorm"
    tool = "TypeORM"
    default_folder = "src/migrations"
    table = "migrations"
    shapes = (frozenset({"id", "timestamp", "name"}),)
    configuration = re.compile(
        r"(?i)(ormconfig|.*data-?_?source.*|.*typeorm.*|.*database.*|db([-_.].*)?)\.([cm]?[jt]s|json)"
    )
    product_keys = ("type",)
    folder_option = re.compile(r"\bmigrations['\"]?\s*:\s*\[\s*([^\]\n]+)")
    ignores = "TypeORM itself says nothing about it."
    leaves = "TypeORM ran it without a transaction (so does MySQL), or `synchronize` made it"

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        return (*super().ledger_tables, METADATA)

    def wants(self, path: str) -> bool:
        """Programs at any depth: TypeORM is given a pattern, often with subfolders."""
        return is_program(path) and not re.search(r"\.(spec|test)\.[cm]?[jt]s$", path)

    def migrations_in(self, path: str, text: str) -> Iterator[Migration]:
        starts = {match[1] or match[2]: match for match in reversed(list(_DECLARED.finditer(text)))}
        places = sorted(starts.values(), key=lambda match: match.start())
        ends = [match.start() for match in places[1:]] + [len(text)]
        for match, end in zip(places, ends, strict=False):  # none, and there is one end
            inside = text[match.start() : end]
            named, transaction = _NAMED.search(inside), _TRANSACTION.search(inside)
            name = named[2] if named else match[1] or match[2]
            if not re.search(r"\d{13}$", name):
                raise MigrationUnreadable(
                    f"the class {name} in {path} does not end with a 13-digit time stamp",
                    hint="TypeORM sorts by it: name the class <Name><milliseconds since 1970>.",
                )
            wrap = transaction is None or transaction[1] == "true"
            yield Migration(
                _version(name), name, path, b"", "", wrap=wrap and self._wraps(), code=True
            )
        if not places and re.match(r"\d{13}-", stem_of(path)):
            raise MigrationUnreadable(
                f"{path} declares no class whose name ends with a 13-digit time stamp",
                hint="TypeORM finds no migration in it; restore the class, or remove the file.",
            )

    def is_twin(self, migration: Migration, path: str) -> bool:
        """A class and what it was compiled to, in one folder."""
        return migration.path.rpartition(".")[0] == path.rpartition(".")[0]

    def order(self, migration: Migration) -> tuple[object, ...]:
        return int(migration.name[-_STAMP:]), migration.path

    def table_option(self, texts: Sequence[str]) -> Found:
        return option(texts, "migrationsTableName")

    def schema_option(self, texts: Sequence[str]) -> Found:
        found = [text for text in texts if re.search(r"\bmigrations(TableName)?\b", text)]
        return option(found, "schema")

    def ddl(self, dialect: Dialect, table: LedgerTable) -> Sequence[str]:
        name = table.quoted(dialect)
        if dialect is Dialect.SQLITE:
            columns = '"id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "timestamp" bigint NOT NULL'
            return (f'CREATE TABLE {name} ({columns}, "name" varchar NOT NULL)',)
        if dialect is Dialect.POSTGRESQL:
            key = f"{table.label.replace('.', '_')}_id".encode()
            digest = sha1(key, usedforsecurity=False).hexdigest()[:27]
            return (
                f'CREATE TABLE {name} ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL,'
                f' "name" character varying NOT NULL, CONSTRAINT "PK_{digest}" PRIMARY KEY ("id"))',
            )
        return (
            f"CREATE TABLE {name} (`id` int NOT NULL AUTO_INCREMENT, `timestamp` bigint NOT NULL,"
            " `name` varchar(255) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB",
        )

    def rows(self, session: Session, table: LedgerTable) -> list[LedgerRow]:
        found: dict[str, LedgerRow] = {}
        sql = f"SELECT name FROM {table.quoted(session.dialect)} ORDER BY id"  # noqa: S608 -- quoted
        for (name,) in session.query(sql):
            row = LedgerRow(_version(str(name)), str(name), None, None)
            found.pop(row.version, None)
            found[row.version] = row
        return list(found.values())

    def insert(
        self, dialect: Dialect, table: LedgerTable, migration: Migration, now: datetime | None
    ) -> Bound:
        stamp = "`timestamp`, `name`" if "`" in table.quoted(dialect) else '"timestamp", "name"'
        return Bound(
            f"INSERT INTO {table.quoted(dialect)} ({stamp}) VALUES (%s, %s)",  # noqa: S608 -- quoted
            (int(migration.name[-_STAMP:]), migration.name),
        )

    def delete(self, dialect: Dialect, table: LedgerTable, migration: Migration) -> Bound:
        return Bound(
            f"DELETE FROM {table.quoted(dialect)} WHERE name = %s",  # noqa: S608 -- quoted
            (migration.name,),
        )

    def tool_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """TypeORM's CLI only knows all that wait, so a few lines of ours call its `runMigrations`."""
        return self._words(place, migration.name)

    def back_words(self, place: ToolPlace, migration: Migration) -> tuple[JsProgram, list[str]]:
        """The same lines call its `undoLastMigration`, which knows this one only."""
        return self._words(place, migration.name, "back")

    def look_words(self, place: ToolPlace) -> tuple[JsProgram, list[str]]:
        """Those lines of ours, which without a migration only connect."""
        return self._words(place)

    def _words(self, place: ToolPlace, *names: str) -> tuple[JsProgram, list[str]]:
        found = program_of(place, "TypeORM", "typeorm", "index.js")
        source = data_source(place, found.package, self.texts)
        runner = JsProgram(found.tool, found.package, RUNNER)
        return runner, [str(source), *names]

    def is_ledger(self, session: Session) -> Callable[[str], bool]:
        """An application may well have a table with these three columns; its names give it away."""

        def looks(table: str) -> bool:
            schema, _, name = table.rpartition(".")
            found = LedgerTable(name, schema).quoted(session.dialect)
            names = session.query(f"SELECT name FROM {found} LIMIT 20")  # noqa: S608 -- quoted
            return bool(names) and all(re.search(r"\d{13}$", str(row[0])) for row in names)

        return looks

    def generate(
        self,
        name: str,
        up: str,
        down: str,
        *,
        now: datetime,
        existing: Sequence[Migration],
        wrap: bool = True,
    ) -> tuple[SourceFile, ...]:
        stamp = int(now.astimezone(UTC).timestamp() * 1000)
        if existing:
            stamp = max(stamp, int(existing[-1].name[-_STAMP:]) + 1)
        words = "".join(word.capitalize() for word in slug_of(name).split("_"))
        words = f"M{words}" if words[:1].isdigit() else words
        ending = self.ending(existing, "ts")
        text = _text(f"{words}{stamp}", up, down, typed=ending in ("ts", "cts", "mts"),
                     module=ending == "mjs", wrap=wrap)  # fmt: skip
        return (SourceFile(f"{stamp}-{words}.{ending}", text.encode()),)

    def _wraps(self) -> bool:
        return "none" not in option(self.texts.values(), "migrationsTransactionMode").values


def _version(name: str) -> str:
    """`1763888400000-AddUsers` of `AddUsers1763888400000`, as its file is usually called."""
    if not re.search(r"\d{13}$", name):
        return name
    return f"{name[-_STAMP:]}-{name[:-_STAMP]}".rstrip("-")


def _text(name: str, up: str, down: str, *, typed: bool, module: bool, wrap: bool) -> str:
    def call(statement: str) -> str:
        return f"await queryRunner.query({literal(statement)});"

    argument, result = (
        ("queryRunner: QueryRunner", ": Promise<void>") if typed else ("queryRunner", "")
    )
    ups, downs = body(up, call, indent="    "), body(down, call, indent="    ")
    if typed:
        head = 'import { MigrationInterface, QueryRunner } from "typeorm";\n\n'
        head += f"export class {name} implements MigrationInterface {{\n"
    else:
        head = f"{'export' if module else 'module.exports ='} class {name} {{\n"
    alone = "" if wrap else "  transaction = false;\n\n"
    return (
        f'{head}  name = "{name}";\n\n{alone}'
        f"  async up({argument}){result} {{\n{ups}\n  }}\n\n"
        f"  async down({argument}){result} {{\n{downs}\n  }}\n}}\n"
    )
