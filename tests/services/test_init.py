import json
from pathlib import Path

import pytest

from faber_db.adapters.handlers import detect_handler, handler_for
from faber_db.config import load
from faber_db.errors import ConfigError, ConfigExists, InputError, LedgerForeign
from faber_db.model.answer import Answer, NextPerson, State
from faber_db.services import init
from faber_db.services.init import InitDetails, Request

BOTH = {"DATABASE_URL": "dev.db", "PROD_DATABASE_URL": "postgresql://db-1/shop"}


def run(
    root: Path, request: Request | None = None, environ: dict[str, str] | None = None
) -> Answer[InitDetails]:
    return init.run(
        request or Request(),
        root,
        environ=environ or {},
        detect=detect_handler,
        handler_for=handler_for,
    )


def urls(root: Path) -> dict[str, str | None]:
    return {name: e.url for name, e in load(root, {}).settings.environments.items()}


def prisma(root: Path, schema: str = "", provider: str = "sqlite") -> Path:
    (root / "prisma/migrations/0_init").mkdir(parents=True)
    (root / "prisma/migrations/0_init/migration.sql").write_text("SELECT 1;")
    (root / "prisma/migrations/migration_lock.toml").write_text(f'provider = "{provider}"\n')
    (root / "prisma/schema.prisma").write_text(schema)
    return root


def test_the_shortest_file(tmp_path: Path) -> None:
    answer = run(prisma(tmp_path), environ=BOTH)
    assert (tmp_path / "faber-db.json").read_text() == (
        "{\n"
        '  "environments": {\n'
        '    "dev": { "url": "env:DATABASE_URL" },\n'
        '    "production": { "url": "env:PROD_DATABASE_URL" }\n'
        "  }\n"
        "}\n"
    )
    assert answer.status == "success"
    assert answer.details.handler == "prisma"
    assert answer.details.migrations == "prisma/migrations"
    assert answer.details.made == ("faber-db.json",)
    assert answer.details.next == NextPerson(person="faber-db status dev")


def test_it_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "faber-db.json").write_text("mine")
    with pytest.raises(ConfigExists):
        run(tmp_path)
    assert (tmp_path / "faber-db.json").read_text() == "mine"
    run(tmp_path, Request(force=True))
    assert urls(tmp_path) == {"dev": "env:DATABASE_URL"}


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    answer = run(tmp_path, Request(dry_run=True, handler="sql"))
    assert list(tmp_path.iterdir()) == []
    assert answer.details.state is State.PLANNED
    assert answer.details.made == ("migrations/.gitkeep", "faber-db.json")
    assert json.loads(answer.details.config)["handler"] == "sql"


PROJECTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "prisma schema": (
        {"prisma/schema.prisma": 'datasource db {\n url = env("SHOP_URL")\n}'},
        {"dev": "env:SHOP_URL"},
    ),
    "prisma schema with a file": (
        {"prisma/schema.prisma": 'datasource db {\n url = "file:./dev.db"\n}'},
        {"dev": "file:./dev.db"},
    ),
    "prisma configuration": (
        {"prisma.config.ts": "export default { datasource: { url: env('SHOP_URL') } }"},
        {"dev": "env:SHOP_URL"},
    ),
    "process.env": (
        {"prisma.config.ts": "datasource: { url: process.env.SHOP_URL! }"},
        {"dev": "env:SHOP_URL"},
    ),
    "commented out": (
        {"prisma/schema.prisma": '// url = env("OLD_URL")\n url = env("NEW_URL")'},
        {"dev": "env:NEW_URL"},
    ),
    "a SQLite file in .env": ({".env": 'DATABASE_URL="file:./x.db"\n'}, {"dev": "file:./x.db"}),
    "a schema elsewhere": (
        {"packages/db/prisma/schema.prisma": 'datasource db {\n url = env("SHOP_URL")\n}'},
        {"dev": "env:SHOP_URL"},
    ),
    "a schema elsewhere with a file": (
        {"packages/db/prisma/schema.prisma": 'datasource db {\n url = "file:../dev.db"\n}'},
        {"dev": "file:packages/db/dev.db"},
    ),
    "all in .env": (
        {".env": "export DATABASE_URL=postgres://u:geheim@h/d\nSTAGING_DATABASE_URL=geheim\n"},
        {"dev": "env:DATABASE_URL", "staging": "env:STAGING_DATABASE_URL"},
    ),
    "one SQLite file": ({"shop.sqlite3": ""}, {"dev": "./shop.sqlite3"}),
    "two SQLite files": ({"a.db": "", "b.db": ""}, {"dev": "env:DATABASE_URL"}),
    "nothing": ({}, {"dev": "env:DATABASE_URL"}),
}


@pytest.mark.parametrize(("files", "expected"), PROJECTS.values(), ids=PROJECTS)
def test_what_a_project_says(
    files: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    answer = run(tmp_path)
    assert urls(tmp_path) == expected
    assert answer.details.evidence
    assert "geheim" not in answer.model_dump_json()


def test_a_variable_that_is_not_set_is_a_warning(tmp_path: Path) -> None:
    answer = run(prisma(tmp_path))
    assert [w.code for w in answer.warnings] == ["config-secret-unavailable"]
    assert "DATABASE_URL" in answer.warnings[0].message
    assert answer.details.next == NextPerson(person="faber-db doctor")


def test_no_migration_folder_is_a_warning(tmp_path: Path) -> None:
    answer = run(tmp_path, Request(url="./dev.db"))
    assert [w.code for w in answer.warnings] == ["migration-folder-missing"]


@pytest.mark.parametrize(
    ("handler", "engine", "made"),
    [
        ("sql", "", ["faber-db.json", "migrations/.gitkeep"]),
        (
            "prisma",
            "postgresql",
            [
                "faber-db.json",
                "prisma.config.ts",
                "prisma/migrations/migration_lock.toml",
                "prisma/schema.prisma",
            ],
        ),
    ],
)
def test_an_empty_project_is_set_up(
    handler: str, engine: str, made: list[str], tmp_path: Path
) -> None:
    answer = run(tmp_path, Request(handler=handler, engine=engine), BOTH)
    found = [str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()]
    assert sorted(found) == made
    assert sorted(answer.details.made) == made
    assert answer.warnings == []
    settings = load(tmp_path, {}).settings
    assert (settings.handler, settings.engine) == (handler, engine)


def test_a_prisma_project_needs_a_product(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one product"):
        run(tmp_path, Request(handler="prisma"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("request_", "environ", "engine", "url"),
    [
        (Request(), {"DATABASE_URL": "postgresql://u:geheim@h/d"}, "postgresql", "env"),
        (Request(url="./shop.db"), {}, "sqlite", '"file:./shop.db"'),
        (Request(engine="sqlite"), {}, "sqlite", '"file:./dev.db"'),
    ],
)
def test_a_prisma_project_and_ours_name_one_database(
    request_: Request, environ: dict[str, str], engine: str, url: str, tmp_path: Path
) -> None:
    answer = run(tmp_path, request_.model_copy(update={"handler": "prisma"}), environ)
    assert answer.details.engine == engine
    assert "geheim" not in answer.model_dump_json()
    theirs = (tmp_path / "prisma.config.ts").read_text()
    assert f"url: {url}" in theirs.replace('process.env["DATABASE_URL"]', "env")
    assert "geheim" not in theirs
    found = detect_handler(tmp_path)
    assert found is not None
    assert found.engine == engine


def test_a_scaffold_leaves_what_is_there(tmp_path: Path) -> None:
    run(prisma(tmp_path, "mine"), Request(handler="prisma", engine="sqlite"))
    assert (tmp_path / "prisma/schema.prisma").read_text() == "mine"


def test_a_password_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run(tmp_path, Request(url="postgresql://u:geheim@h/d"))
    assert "geheim" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_another_tools_project(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("")
    with pytest.raises(LedgerForeign, match="Alembic"):
        run(tmp_path)


def test_two_folders_need_a_choice(tmp_path: Path) -> None:
    for folder in ("a/migrations", "b/migrations"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.up.sql").write_text("")
    for request in (Request(), Request(handler="sql")):
        with pytest.raises(ConfigError, match="several"):
            run(tmp_path, request)


def test_an_unknown_handler(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="liquibase"):
        run(tmp_path, Request(handler="liquibase"))


def two_products(root: Path) -> Path:
    """One database on either product, as programs that people install themselves have it."""
    for product in ("mysql", "postgresql"):
        folder = root / f"packages/db/{product}/migrations"
        (folder / "0_init").mkdir(parents=True)
        (folder / "0_init/migration.sql").write_text("SELECT 1;")
        (folder / "migration_lock.toml").write_text(f'provider = "{product}"\n')
    return root


CHOICES = {
    "by the URL": (Request(), {"DATABASE_URL": "postgresql://localhost/shop"}),
    "by the product": (Request(engine="postgresql"), {}),
    "by its name": (Request(migrations="packages/db/postgresql/migrations"), {}),
    "of a handler": (Request(engine="postgresql", handler="prisma"), {}),
}


@pytest.mark.parametrize(("request_", "environ"), CHOICES.values(), ids=CHOICES)
def test_one_of_two_products_is_chosen_and_named(
    request_: Request, environ: dict[str, str], tmp_path: Path
) -> None:
    answer = run(two_products(tmp_path), request_, environ)
    settings = load(tmp_path, {}).settings
    assert settings.migrations == "packages/db/postgresql/migrations"
    assert settings.handler == "prisma"
    assert answer.details.engine == "postgresql"


NAMED = {
    "for each": (("h2", "mysql", "postgres"), "postgres"),
    "inside": (("postgres/migrations", "sqlite/migrations"), "postgres/migrations"),
    "one for none": (("mysql", "postgres", "old"), ""),
    "two of them": (("auth/postgres", "shop/postgres"), ""),
}


@pytest.mark.parametrize(("folders", "chosen"), NAMED.values(), ids=NAMED)
def test_a_folder_is_for_the_product_that_it_is_named_for(
    folders: tuple[str, ...], chosen: str, tmp_path: Path
) -> None:
    for folder in folders:
        (tmp_path / "db" / folder).mkdir(parents=True)
        (tmp_path / "db" / folder / "001_a.sql").write_text("-- +goose Up\nSELECT 1;\n")
    environ = {"DATABASE_URL": "postgresql://localhost/shop"}
    if chosen:
        assert run(tmp_path, environ=environ).details.migrations == f"db/{chosen}"
        assert load(tmp_path, {}).settings.handler == "goose"
    else:
        with pytest.raises(ConfigError, match="several"):
            run(tmp_path, environ=environ)


def test_the_hint_has_a_choice_and_a_name_for_each(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="several") as caught:
        run(two_products(tmp_path))
    hint = caught.value.hint
    assert "`faber-db init --migrations packages/db/mysql/migrations`" in hint
    written = json.loads(hint[hint.index('{"databases"') :])
    assert {
        name: database["environments"]["dev"]["url"]
        for name, database in written["databases"].items()
    } == {"mysql": "env:MYSQL_DATABASE_URL", "postgresql": "env:POSTGRESQL_DATABASE_URL"}


WRONG_FOLDERS = ("packages", "packages/db/nowhere", "../elsewhere")


@pytest.mark.parametrize("folder", WRONG_FOLDERS)
def test_a_folder_without_migrations_is_no_choice(folder: str, tmp_path: Path) -> None:
    with pytest.raises((InputError, ConfigError)):
        run(two_products(tmp_path), Request(migrations=folder, engine="mysql"))
    assert not (tmp_path / "faber-db.json").exists()


def test_the_folder_of_a_product_that_is_not_ours_is_left_out(tmp_path: Path) -> None:
    other = prisma(tmp_path) / "db/clickhouse/migrations"
    other.mkdir(parents=True)
    (other / "01_add.sql").write_text("SELECT 1;")
    answer = run(tmp_path)
    assert answer.details.migrations == "prisma/migrations"
    assert "db/clickhouse/migrations is for ClickHouse" in answer.details.evidence[0]


CONFIGURATIONS = {
    "Prisma": ("app/prisma.config.ts", "datasource: { url: process.env.DIRECT || process.env.POOL }"),
    "Prisma's own word": ("app/prisma.config.ts", 'datasource: { url: env<Env>("POOL") }'),
    "Drizzle": ("app/drizzle.config.ts", "dbCredentials: { url: process.env.POOL! }"),
    "TypeORM": ("app/data-source.ts", 'type: "postgres", url: process.env["POOL"],'),
    "Knex": ("knexfile.js", "connection: { connectionString: process.env.POOL, ssl: true },"),
    "not a comment": ("app/drizzle.config.ts", "// url: process.env.OLD\nurl: process.env.POOL,"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "text"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_variable_stands_in_the_tools_configuration(
    file: str, text: str, tmp_path: Path
) -> None:
    prisma(tmp_path / "app")
    (tmp_path / file).write_text(text)
    answer = run(tmp_path, environ={"POOL": "dev.db"})
    assert urls(tmp_path) == {"dev": "env:POOL"}
    assert f"POOL is named in {file}" in answer.details.evidence
