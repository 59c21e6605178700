"""Safe forms of statements that make others wait: expand, backfill, validate, contract.

Pure: a script and its findings in, the files to run instead out. Each recipe is a module; what is
kept of the source is kept in its words. Whether a plan is right is proved elsewhere, by running it.
"""

from collections.abc import Sequence

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding
from faber_db.recipes import (
    backfill,
    columns,
    constraints,
    elsewhere,
    indexes,
    not_null,
    partitions,
    renames,
    types,
)
from faber_db.recipes.base import Recipe, Step
from faber_db.recipes.composing import Plan, Unsolved, compose
from faber_db.rules.context import Context
from faber_db.sql.script import Script

RECIPES: tuple[Recipe, ...] = (
    not_null.set_not_null,
    constraints.add_constraint,
    columns.add_column,
    indexes.create_index,
    indexes.drop_index,
    indexes.maintain,
    partitions.attach,
    partitions.detach,
    backfill.update,
    types.change_type,
    renames.rename,
)

__all__ = ["RECIPES", "Plan", "Step", "Unsolved", "plan", "wanted"]


def plan(script: Script, context: Context, findings: Sequence[Finding]) -> Plan:
    """The files to run instead of a script; see `compose`."""
    if context.dialect is not Dialect.POSTGRESQL:
        return Plan(unsolved=elsewhere.unsolved(script, findings))
    return compose(script, context, findings, RECIPES)


def wanted(findings: Sequence[Finding]) -> bool:
    """Whether there is anything to plan; cheap, and false for most scripts."""
    return any(map(elsewhere.speaks, findings))
