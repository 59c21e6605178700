from faber_db.model.dialect import Dialect
from faber_db.spec.prisma import read_prisma

SCHEMA = """enum Role {
  USER
  ADMIN @map("admin")
  @@map("roles")
}

model User {
  id    Int    @id @default(autoincrement()) // counts
  email String @unique @db.VarChar(255)
  role  Role   @default(ADMIN)
  name  String?
  tags  String[]
  posts Post[]

  @@map("users")
}

model Post {
  id       String   @id @default(uuid())
  authorId Int      @map("author_id")
  author   User     @relation(fields: [authorId], references: [id], onDelete: Cascade)
  title    String   @default("it's // fine")
  at       DateTime @default(now())
  amount   Decimal  @db.Decimal(10, 2)

  @@unique([authorId, title])
  @@index([at(sort: Desc)])
  @@fulltext([title])
}
"""


def test_models_enums_and_keys() -> None:
    found = read_prisma(SCHEMA, 10, Dialect.POSTGRESQL)
    (role,) = found.enums
    assert (role.name, role.labels, role.span.first) == ("roles", ("USER", "admin"), 10)
    users, post = found.tables
    assert users.table == "users"
    assert [(c.name, c.type, c.nullable, c.default) for c in users.columns] == [
        ("id", "integer", False, None),
        ("email", "varchar(255)", False, None),
        ("role", "roles", False, "'admin'"),
        ("name", "text", True, None),
        ("tags", "text[]", True, None),
    ]
    assert users.columns[0].identity
    assert users.columns[0].primary_key
    assert users.columns[1].unique
    assert [(c.name, c.default) for c in post.columns] == [
        ("id", None),
        ("author_id", None),
        ("title", "'it''s // fine'"),
        ("at", "CURRENT_TIMESTAMP"),
        ("amount", None),
    ]
    assert post.columns[4].type == "numeric(10, 2)"
    (reference,) = post.references
    assert reference.columns == ("author_id",)
    assert (reference.target.table, reference.target.columns) == ("users", ("id",))
    assert (reference.target.on_delete, reference.target.on_update) == ("CASCADE", "CASCADE")
    assert post.uniques[0].columns == ("author_id", "title")
    assert post.indexes[0].columns == ("at",)
    assert [n.text for n in found.not_understood] == ["@@fulltext([title])"]


def test_sqlite_has_neither_enums_nor_native_types() -> None:
    found = read_prisma(SCHEMA, 1, Dialect.SQLITE)
    assert found.enums == ()
    assert [c.type for c in found.tables[0].columns][:3] == ["INTEGER", "TEXT", "TEXT"]


def test_a_block_that_is_not_closed_is_listed() -> None:
    found = read_prisma("model A {\n  id Int @id\n", 1, Dialect.POSTGRESQL)
    assert found.tables == ()
    assert found.not_understood[0].why == "the block is not closed"
