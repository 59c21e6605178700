"""Desired schemas and the statements that lead to them. Pure."""

from faber_db.schema.desired import Desired, desired
from faber_db.schema.difference import difference
from faber_db.schema.steps import Difference, Hints, Phase, Step

__all__ = ["Desired", "Difference", "Hints", "Phase", "Step", "desired", "difference"]
