"""Preflight: what the data itself says about a migration, by read-only counts.

Only counts leave the database, never a value. A question that takes too long is answered
`unknown`; one that earlier statements of the same change may settle is asked all the same, and
says so. Nothing that could run a function of the migration's own is asked: these questions come
before anybody has approved anything.
"""

from faber_db.services.preflight.asking import LIMITS, ask
from faber_db.services.preflight.measured import measured, worse
from faber_db.services.preflight.raising import questions

__all__ = ["LIMITS", "ask", "measured", "questions", "worse"]
