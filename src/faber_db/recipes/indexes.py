"""Indexes built, rebuilt and dropped while the table is used."""

from faber_db.model.statement import CreateIndex, Drop, Maintain
from faber_db.recipes.base import Known, NoWay, Part, Step, quoted_full, sentence
from faber_db.recipes.names import index_name
from faber_db.recipes.pieces import after, between, words

_CONCURRENTLY = "CONCURRENTLY"


def create_index(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`CREATE [UNIQUE] INDEX`."""
    match part.main:
        case (CreateIndex(concurrently=False, only=False) as index,):
            pass
        case _:
            return None
    state = known.table(index.table)
    if state is not None and state.partitioned:
        return _on_partitions(part, index, known)
    name = index.name or index_name(index.table, index.columns or ("expr",), ())
    return (
        *drop_invalid(index.table, name, known),
        Step(
            f"{name} concurrently",
            sentence(after(part.text, "INDEX", insert=_CONCURRENTLY)),
            "The index is built while reads and writes go on.",
            transaction=False,
        ),
    )


def drop_invalid(table: str, name: str, known: Known) -> tuple[Step, ...]:
    """The step that drops what a failed build of an index left, where there is such a thing."""
    found = known.catalogue.table(table) if known.catalogue else None
    index = next((i for i in found.indexes if i.name == name), None) if found else None
    if index is None or index.valid:
        return ()
    schema = table.rpartition(".")[0]
    full = quoted_full(f"{schema}.{name}" if schema else name, known.dialect)
    return (
        Step(
            f"{name} leftover",
            sentence(f"DROP INDEX CONCURRENTLY IF EXISTS {full}"),
            "A build of this index failed before and left an invalid one.",
            transaction=False,
        ),
    )


def _on_partitions(part: Part, index: CreateIndex, known: Known) -> tuple[Step, ...]:
    """On the parent alone, on each partition CONCURRENTLY, then the two are joined."""
    children = partitions(index.table, known)
    if index.if_not_exists:
        raise NoWay("with IF NOT EXISTS it is not known which partitions would be indexed")
    if any(known.state.tables[c].partitioned for c in children):
        raise NoWay(
            "partitions that are partitioned themselves are not rewritten: index each by hand"
        )
    columns = index.columns or ("expr",)
    name = index.name or index_name(index.table, columns, known.taken(index.table))
    schema = index.table.rpartition(".")[0]
    whole = quoted_full(f"{schema}.{name}" if schema else name, known.dialect)
    unique = "UNIQUE " * index.unique
    tail = _behind_table(part.text)
    steps = [
        Step(
            f"{name} on the parent",
            sentence(
                f"CREATE {unique}INDEX {known.quoted(name)} ON ONLY"
                f" {quoted_full(index.table, known.dialect)} {tail}"
            ),
            "It is not valid yet and reads no row.",
        )
    ]
    attach = ""
    for child in children:
        own = index_name(child, columns, known.taken(child))
        steps.append(
            Step(
                f"{own} concurrently",
                sentence(
                    f"CREATE {unique}INDEX CONCURRENTLY {known.quoted(own)} ON"
                    f" {quoted_full(child, known.dialect)} {tail}"
                ),
                "The partition's index is built while reads and writes go on.",
                transaction=False,
            )
        )
        where = child.rpartition(".")[0]
        inner = quoted_full(f"{where}.{own}" if where else own, known.dialect)
        attach += sentence(f"ALTER INDEX {whole} ATTACH PARTITION {inner}")
    return (*steps, Step(f"{name} attached", attach, "The parent's index becomes valid with the last."))  # fmt: skip


def partitions(table: str, known: Known) -> tuple[str, ...]:
    """The partitions of a table, by full name.

    Raises:
        NoWay: the schema is not known.
    """
    if known.catalogue is None:
        raise NoWay("the partitions are not known: give the schema with --schema")
    found = {
        t.full_name
        for t in known.catalogue.tables
        for option in t.options
        if option.split()[:3] == ["partition", "of", table]
    }
    found |= {t.name for t in known.state.tables.values() if t.partition_of == table}
    return tuple(sorted(name for name in found if known.table(name) is not None))


def _behind_table(text: str) -> str:
    """`USING gin (a, b) WHERE …`: what stands behind the table of a CREATE INDEX."""
    found = words(text)
    at = next(i for i, w in enumerate(found) if w.text == "ON") + 2
    while found[at].text == ".":
        at += 2
    return between(text, found, found[at].start, len(text))


def maintain(part: Part, known: Known) -> tuple[Step, ...] | None:
    """REINDEX, REFRESH MATERIALIZED VIEW, CLUSTER, VACUUM FULL."""
    match part.main:
        case (Maintain(what=what, names=names, concurrently=False),):
            pass
        case _:
            return None
    about = " ".join(names)
    if what in ("reindex index", "reindex table"):
        text = after(part.text, what.rpartition(" ")[2].upper(), insert=_CONCURRENTLY)
        why = "The new index is built beside the old one while reads and writes go on."
        return (Step(f"reindex {about}", sentence(text), why, transaction=False),)
    if what == "refresh":
        text = after(part.text, "VIEW", insert=_CONCURRENTLY)
        why = "Readers go on; it needs a unique index on plain columns that covers all rows."
        return (Step(f"refresh {about}", sentence(text), why),)
    if what in ("vacuum full", "cluster"):
        raise NoWay(
            f"{what.upper()} rewrites the table under ACCESS EXCLUSIVE: pg_repack does the same with"
            " brief locks; a plain VACUUM often is enough"
        )
    return None


def drop_index(part: Part, known: Known) -> tuple[Step, ...] | None:
    """`DROP INDEX` of one index."""
    match part.main:
        case (Drop(kind="index", concurrently=False, cascade=False, names=(name,)),):
            text = after(part.text, "INDEX", insert=_CONCURRENTLY)
            why = "Nobody waits for more than a moment while it goes."
            return (Step(f"drop {name}", sentence(text), why, transaction=False),)
        case _:
            return None
