"""What the catalogue tells of a statement that stands alone and was cut off."""

import json
import re
from typing import TYPE_CHECKING

from faber_db.adapters.engines.batches import Checkpoint
from faber_db.adapters.engines.postgresql.concurrent_index import build_of, plain
from faber_db.adapters.engines.steps import Fate, Step, Told
from faber_db.adapters.engines.stretches import first_words
from faber_db.sql.script import Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))?)'
_DROP = re.compile(rf"\bDROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?{_NAME}\s*(?!,)", re.I)
_DETACH = re.compile(rf"\bDETACH\s+PARTITION\s+{_NAME}\s+CONCURRENTLY\b", re.I)
_AGAIN = ("VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "CHECKPOINT", "DISCARD", "SET", "RESET")

_INDEXES = """
    SELECT i.indexrelid::bigint, i.indisvalid, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE t.relname = %s AND (%s = '' OR c.relname = %s)
"""
_INDEX = "SELECT pg_catalog.to_regclass(%s)::oid::bigint"
_ATTACHED = """
    SELECT inhrelid::bigint, inhdetachpending FROM pg_catalog.pg_inherits
    WHERE inhrelid = pg_catalog.to_regclass(%s)
"""


def before(connection: "Connection", statement: Statement) -> str:
    """What to look at when it was cut off, and what is there before it, for `after`."""
    found: dict[str, object] = {"kind": "unknown"}
    build, text = build_of(statement), plain(statement.text)
    drop, detach = _DROP.search(text), _DETACH.search(text)
    one, two, _ = first_words(statement.text)
    if statement.batch:
        return Checkpoint().written()
    if build is not None:
        there = [oid for oid, _, _ in _indexes(connection, build.table, build.name)]
        found = {"kind": "build", "table": build.table, "name": build.name, "there": there}
    elif drop is not None and one == "DROP":
        found = {"kind": "drop", "name": drop[1], "there": _oid(connection, drop[1])}
    elif detach is not None and one == "ALTER":
        found = {"kind": "detach", "name": detach[1], "there": _attached(connection, detach[1])[:1]}
    elif one in _AGAIN or (one, two) == ("ALTER", "SYSTEM"):
        found = {"kind": "again"}
    return json.dumps(found)


def after(connection: "Connection", step: Step) -> Told:
    """What became of a step that was under way, or failed and left something."""
    looked = json.loads(step.looked) if step.looked else {"kind": "transaction"}
    match looked["kind"]:
        case "transaction":
            return Told(Fate.NOTHING, "was under way in a transaction, which was rolled back")
        case "batches":
            rows = Checkpoint.read(step.looked).rows
            return Told(
                Fate.NOTHING, f"was under way in batches; {rows} rows are done", left=rows > 0
            )
        case "build":
            return _built(connection, looked)
        case "drop":
            return _dropped(connection, looked)
        case "detach":
            return _detached(connection, looked)
        case "again":
            return Told(Fate.NOTHING, "was under way; it may be run again")
    return Told(Fate.UNKNOWN, "was under way; what it did is not known")


def left_of_build(connection: "Connection", step: Step) -> frozenset[object]:
    """The oids of invalid indexes that a build made before it was cut off."""
    looked = json.loads(step.looked) if step.looked else {}
    if looked.get("kind") != "build":
        return frozenset()
    found = _indexes(connection, looked["table"], looked["name"])
    return frozenset(oid for oid, valid, _ in found if not valid and oid not in looked["there"])


def _built(connection: "Connection", looked: dict[str, list[int] | str]) -> Told:
    found = _indexes(connection, str(looked["table"]), str(looked["name"]))
    new = [(valid, name) for oid, valid, name in found if oid not in looked["there"]]
    for valid, name in new:
        if valid:
            return Told(Fate.DONE, f"was under way, and its index {name} is there and valid")
    if new:
        return Told(
            Fate.NOTHING,
            f"was under way, and left the invalid index {new[0][1]}, which a further try replaces",
            left=True,
        )
    return Told(Fate.NOTHING, "was under way, and no index of it is there")


def _dropped(connection: "Connection", looked: dict[str, object]) -> Told:
    if looked["there"] is None:
        return Told(Fate.NOTHING, "was under way, and there was no such index before it")
    if _oid(connection, str(looked["name"])) != looked["there"]:
        return Told(Fate.DONE, "was under way, and its index is gone")
    return Told(Fate.NOTHING, "was under way, and its index is still there, perhaps invalid")


def _detached(connection: "Connection", looked: dict[str, object]) -> Told:
    now = _attached(connection, str(looked["name"]))
    if not now and looked["there"]:
        return Told(Fate.DONE, "was under way, and the partition is detached")
    if now[1:] == [True]:
        return Told(
            Fate.UNKNOWN, "was under way, and the partition is half detached: run DETACH … FINALIZE"
        )
    return Told(Fate.NOTHING, "was under way, and the partition is as it was before it")


def _indexes(connection: "Connection", table: str, name: str) -> list[tuple[int, bool, str]]:
    rows = connection.execute(_INDEXES, (table, name, name)).fetchall()
    return [(int(str(oid)), bool(valid), str(shown)) for oid, valid, shown in rows]


def _oid(connection: "Connection", name: str) -> int | None:
    row = connection.execute(_INDEX, (name,)).fetchone()
    return None if row is None or row[0] is None else int(str(row[0]))


def _attached(connection: "Connection", name: str) -> list[object]:
    row = connection.execute(_ATTACHED, (name,)).fetchone()
    return list(row) if row else []
