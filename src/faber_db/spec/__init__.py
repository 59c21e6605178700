"""Specifications: from the text of a work item to the changes it asks for. Pure."""

from faber_db.spec.markdown import read

__all__ = ["read"]
