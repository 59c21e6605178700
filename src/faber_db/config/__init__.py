"""The project's configuration: found, read, explained."""

from faber_db.config.file import Loaded, find, load
from faber_db.config.problems import Problem, problems

__all__ = ["Loaded", "Problem", "find", "load", "problems"]
