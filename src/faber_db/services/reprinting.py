"""Catalogues before and after a dump and restore, made comparable.

PostgreSQL prints some expressions in another form once they went through its own text: `IN`
over a varchar column is first printed as `(ARRAY['a'::character varying])::text[]`, and after a
restore as `ARRAY[('a'::character varying)::text]` (seen with 15 and 17). Both mean the same.
"""

import re

from pydantic import TypeAdapter

from faber_db.model.catalogue import Catalogue

CATALOGUES: TypeAdapter[Catalogue] = TypeAdapter(Catalogue)

_LITERAL = r"'(?:[^']|'')*'::[a-z ]+(?:\(\d+\))?"
_CAST_ARRAY = re.compile(rf"\(ARRAY\[({_LITERAL}(?:, {_LITERAL})*)\]\)::([a-z ]+)\[\]")


def reprinted(catalogue: Catalogue) -> Catalogue:
    """The catalogue with every such expression in the form that it has after a restore."""
    text = CATALOGUES.dump_json(catalogue).decode()
    changed, count = _CAST_ARRAY.subn(_cast_each, text)
    return CATALOGUES.validate_json(changed) if count else catalogue


def _cast_each(match: re.Match[str]) -> str:
    elements = re.findall(_LITERAL, match[1])
    return "ARRAY[" + ", ".join(f"({element})::{match[2]}" for element in elements) + "]"
