from collections.abc import Callable

from faber_db.adapters.engines.mysql import Mysql
from faber_db.model.catalogue import Catalogue, Check, ForeignKey, Index, Key, View

Fill = Callable[[str], str]

SHOP = r"""
CREATE TABLE users (id int unsigned NOT NULL AUTO_INCREMENT, email varchar(120) NOT NULL, name varchar(60) CHARACTER SET latin1 DEFAULT 'a''b', code varchar(10) COLLATE utf8mb4_bin, made datetime(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3), state enum('a','b,c','d''e') NOT NULL DEFAULT 'a', n decimal(10,2) DEFAULT 0.00 COMMENT 'in euro', up varchar(200) AS (upper(email)) VIRTUAL, st int AS (n + 1) STORED, hid int INVISIBLE DEFAULT 5, PRIMARY KEY (id), UNIQUE KEY email (email), KEY name_n (name(10), n DESC), UNIQUE KEY up (up(5)), FULLTEXT KEY ft (email), KEY ig (n) IGNORED, CONSTRAINT pos CHECK (n >= 0)) ROW_FORMAT=DYNAMIC COMMENT='people'
CREATE TABLE orders (id bigint PRIMARY KEY, user_id int unsigned, CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE RESTRICT) CHARSET=latin1
CREATE TABLE days (d date NOT NULL, x int) PARTITION BY RANGE (year(d)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)
CREATE TABLE kept (a int) WITH SYSTEM VERSIONING
CREATE VIEW people AS SELECT u.id, 'x`t`.y' AS q FROM users u JOIN orders o ON o.user_id = u.id
CREATE SEQUENCE numbers
CREATE EVENT clean ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM days
CREATE TRIGGER one BEFORE INSERT ON users FOR EACH ROW SET NEW.n = 1
CREATE TRIGGER two BEFORE INSERT ON users FOR EACH ROW SET NEW.n = 2
CREATE FUNCTION plus(a int) RETURNS int DETERMINISTIC RETURN a + 1
CREATE PROCEDURE wipe() DELETE FROM days
"""


def read(url: str, *leave_out: str) -> Catalogue:
    with Mysql().connect(url, read_only=True) as session:
        return session.catalogue(leave_out=leave_out)


def test_columns(filled: Fill) -> None:
    users = read(filled(SHOP)).table("users")
    assert users is not None
    assert users.comment == "people"
    assert [c.name for c in users.columns][:3] == ["id", "email", "name"]
    assert {
        c.name: (c.type, c.nullable, c.default, c.identity, c.generated, c.collation, c.comment)
        for c in users.columns
    } == {
        "id": ("int(10) unsigned", False, None, "autoincrement", "", "", ""),
        "email": ("varchar(120)", False, None, "", "", "", ""),
        "name": ("varchar(60) character set latin1", True, "'a''b'", "", "", "latin1_swedish_ci", ""),
        "code": ("varchar(10)", True, None, "", "", "utf8mb4_bin", ""),
        "made": ("datetime(3)", False, "current_timestamp(3)", "", "", "", ""),
        "state": ("enum('a','b,c','d''e')", False, "'a'", "", "", "", ""),
        "n": ("decimal(10,2)", True, "0.00", "", "", "", "in euro"),
        "up": ("varchar(200)", True, None, "", "virtual:ucase(`email`)", "", ""),
        "st": ("int(11)", True, None, "", "stored:`n` + 1", "", ""),
        "hid": ("int(11)", True, "5", "", "", "", ""),
    }  # fmt: skip


def test_keys_and_constraints(filled: Fill) -> None:
    found = read(filled(SHOP))
    users, orders = found.table("users"), found.table("orders")
    assert users is not None
    assert orders is not None
    assert users.primary_key == Key("PRIMARY", ("id",))
    assert users.uniques == (Key("email", ("email",)),)
    assert users.indexes == (
        Index("ft", ("email",), method="fulltext"),
        Index("ig", ("n",)),
        Index("name_n", ("name(10)", "n DESC")),
        Index("up", ("up(5)",), unique=True),
    )
    assert users.checks == (Check("pos", "`n` >= 0"),)
    assert orders.foreign_keys == (
        ForeignKey("fk", ("user_id",), "users", ("id",), on_delete="CASCADE"),
    )


def test_options(filled: Fill) -> None:
    options = {t.name: t.options for t in read(filled(SHOP)).tables}
    plain = ("ENGINE=InnoDB", "DEFAULT CHARSET=utf8mb4", "COLLATE=utf8mb4_general_ci")
    assert options == {
        "users": (*plain, "row_format=DYNAMIC"),
        "orders": ("ENGINE=InnoDB", "DEFAULT CHARSET=latin1", "COLLATE=latin1_swedish_ci"),
        "days": (*plain, "PARTITION BY RANGE (year(`d`)): p0 (2020), p1 (MAXVALUE)"),
        "kept": (*plain, "WITH SYSTEM VERSIONING"),
    }


def test_what_is_not_a_table(filled: Fill) -> None:
    found = read(filled(SHOP))
    text = "select `u`.`id` AS `id`,'x`t`.y' AS `q` from (`users` `u` join `orders` `o` on(`o`.`user_id` = `u`.`id`))"
    assert found.views == (View("people", text),)
    assert [s.name for s in found.sequences] == ["numbers"]
    assert {(o.kind, o.name): (o.definition, o.table) for o in found.others} == {
        ("event", "clean"): ("CREATE EVENT `clean` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO DELETE FROM days", ""),
        ("function", "plus"): ("CREATE FUNCTION `plus`(a int) RETURNS int(11)\n    DETERMINISTIC\nRETURN a + 1", ""),
        ("procedure", "wipe"): ("CREATE PROCEDURE `wipe`()\nDELETE FROM days", ""),
        ("on update", "users.made"): ("current_timestamp(3)", "users"),
        ("invisible column", "users.hid"): ("INVISIBLE", "users"),
        ("ignored index", "users.ig"): ("IGNORED", "users"),
        ("trigger", "users.one"): ("CREATE TRIGGER `one` BEFORE INSERT ON `users` FOR EACH ROW SET NEW.n = 1", "users"),
        ("trigger", "users.two"): ("CREATE TRIGGER `two` BEFORE INSERT ON `users` FOR EACH ROW SET NEW.n = 2 -- number 2", "users"),
    }  # fmt: skip


def test_left_out(filled: Fill) -> None:
    url = filled(SHOP + "CREATE TABLE _faber_db_journal (a int)\n")
    assert [t.name for t in read(url, "orders").tables] == ["days", "kept", "users"]


def test_the_same_statements_give_the_same_catalogue(
    filled: Fill, new_mariadb: Callable[[], str]
) -> None:
    """Also in a database of another name: views do not carry it along."""
    second = new_mariadb()
    with Mysql().connect(second) as session:
        for line in SHOP.strip().splitlines():
            session.execute(line)
    url = filled(SHOP)
    assert read(url) == read(second)
    with Mysql().connect(second) as session:
        session.execute("ALTER TABLE orders ADD note text")
    assert read(url).fingerprint() != read(second).fingerprint()


def test_another_database_is_named(filled: Fill, new_mariadb: Callable[[], str]) -> None:
    other = new_mariadb().rpartition("/")[2].partition("?")[0]
    url = filled(
        f"CREATE TABLE {other}.far (id int PRIMARY KEY)\n"
        f"CREATE TABLE near (id int, FOREIGN KEY there (id) REFERENCES {other}.far (id))"
    )
    near = read(url).table("near")
    assert near is not None
    assert [k.table for k in near.foreign_keys] == [f"{other}.far"]
