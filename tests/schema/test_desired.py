"""Changes of a text, applied to a schema."""

import pytest

from faber_db.errors import SchemaConflict
from faber_db.model.catalogue import Catalogue, Column, ForeignKey, Index, Key, Table
from faber_db.model.dialect import Dialect
from faber_db.schema import Desired, desired
from faber_db.spec import read

PG = Dialect.POSTGRESQL
USERS = Table(
    "users",
    columns=(
        Column("id", "bigint", nullable=False),
        Column("name", "text"),
        Column("age", "integer"),
    ),
    primary_key=Key("users_pkey", ("id",)),
    indexes=(Index("users_name_idx", ("name",), method="btree"),),
)
ORDERS = Table(
    "shop_orders",
    columns=(Column("id", "bigint", nullable=False), Column("user_id", "bigint")),
    primary_key=Key("shop_orders_pkey", ("id",)),
    foreign_keys=(ForeignKey("orders_user", ("user_id",), "users", ("id",)),),
)
CURRENT = Catalogue(tables=(ORDERS, USERS))


def after(text: str, answers: dict[str, str] | None = None) -> Desired:
    return desired(CURRENT, read(text, PG).changes, PG, answers)


def test_a_key_lends_its_type() -> None:
    found = after(
        "Create a table `pets` with:\n\n- `id` (bigint, primary key)\n- `owner_id`: fk to `users`, required\n"
    )
    pets = found.catalogue.table("pets")
    assert pets is not None
    assert pets.column("owner_id") == Column("owner_id", "bigint", nullable=False)
    assert pets.foreign_keys[0].references == ("id",)
    assert found.lines["pets.owner_id"] == 4


def test_a_model_name_finds_its_table() -> None:
    found = after("`Order` gets a `note` column (text).")
    table = found.catalogue.table("shop_orders")
    assert table is not None
    assert table.column("note") is not None


def test_a_type_that_is_not_said_is_asked() -> None:
    text = "`users` gets a `nick` column."
    assert [q.id for q in after(text).questions] == ["type:users.nick"]
    answered = after(text, {"type:users.nick": "varchar(30)"})
    users = answered.catalogue.table("users")
    assert users is not None
    assert users.column("nick") == Column("nick", "varchar(30)")
    assert answered.questions == ()


def test_an_unknown_table_is_asked() -> None:
    found = after("`parcels` gets a `note` column (text).")
    assert [(q.id, q.options) for q in found.questions] == [
        ("table:parcels", ("shop_orders", "users"))
    ]
    assert found.catalogue == CURRENT


def test_a_dropped_column_takes_its_index_along() -> None:
    found = after("Drop the column `name` from `users`.")
    users = found.catalogue.table("users")
    assert users is not None
    assert users.indexes == ()
    assert found.hints.dropped == {"users.name"}


def test_what_others_point_to_is_not_dropped() -> None:
    with pytest.raises(SchemaConflict, match=r"orders_user"):
        after("Drop the table `users`.")
    with pytest.raises(SchemaConflict, match=r"line 1"):
        after("Drop the column `id` from `users`.")


def test_a_cascade_is_put_on_the_one_key_that_is_meant() -> None:
    found = after("Orders of a user go away with the user.")
    orders = found.catalogue.table("shop_orders")
    assert orders is not None
    assert orders.foreign_keys[0].on_delete == "CASCADE"


def test_a_description_that_contradicts_the_schema_is_asked() -> None:
    found = after("- `users.age`: bigint, required\n")
    assert [q.id for q in found.questions] == ["change:users.age"]
    changed = after("- `users.age`: bigint, required\n", {"change:users.age": "change"})
    users = changed.catalogue.table("users")
    assert users is not None
    assert users.column("age") == Column("age", "bigint", nullable=False)


MODEL = "```prisma\nmodel users {\n  id BigInt @id\n  nick String?\n  age Int?\n}\n```\n"


def test_what_a_model_leaves_out_is_asked() -> None:
    asked = after(MODEL).questions
    assert [(q.id, q.options) for q in asked] == [
        ("drop:users.name", ("drop", "rename to nick", "keep"))
    ]
    renamed = after(MODEL, {"drop:users.name": "rename to nick"})
    assert renamed.hints.renames == {"users.name": "nick"}
    users = renamed.catalogue.table("users")
    assert users is not None
    assert [c.name for c in users.columns] == ["id", "nick", "age"]
    kept = after(MODEL, {"drop:users.name": "keep"}).catalogue.table("users")
    assert kept is not None
    assert kept.column("name") is not None
