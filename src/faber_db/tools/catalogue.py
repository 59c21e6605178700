"""All tools in the order in which clients list them, and where the details of each are defined."""

from importlib import import_module

from faber_db.model.answer import Details
from faber_db.tools.analysis import analyze_migration
from faber_db.tools.backups import create_backup, list_backups, restore_backup
from faber_db.tools.boundary import StrictTool
from faber_db.tools.detection import detect_database_needs
from faber_db.tools.looking import health_check, status
from faber_db.tools.phases import (
    coordinate_architect,
    coordinate_build,
    coordinate_evaluate,
    coordinate_release,
)
from faber_db.tools.schema import describe_schema

TOOLS: tuple[StrictTool, ...] = (
    detect_database_needs,
    describe_schema,
    coordinate_architect,
    coordinate_build,
    coordinate_evaluate,
    coordinate_release,
    analyze_migration,
    health_check,
    status,
    create_backup,
    list_backups,
    restore_backup,
)

DETAILS = {
    "detect-database-needs": "detect:DetectDetails",
    "describe-schema": "describe:DescribeDetails",
    "coordinate-architect": "architect:ArchitectDetails",
    "coordinate-build": "coordinate:CoordinateDetails",
    "coordinate-evaluate": "coordinate:CoordinateDetails",
    "coordinate-release": "coordinate:CoordinateDetails",
    "analyze-migration": "analyze:AnalyzeDetails",
    "health-check": "health:HealthDetails",
    "status": "status:StatusDetails",
    "create-backup": "create_backup:CreateBackupDetails",
    "list-backups": "list_backups:ListBackupsDetails",
    "restore-backup": "restore:RestoreDetails",
}
"""Module below `services` and class, by tool; loaded when a schema is read."""


def details_of(tool: str) -> type[Details]:
    """The model of a tool's `details`."""
    module, name = DETAILS[tool].split(":")
    found: type[Details] = getattr(import_module(f"faber_db.services.{module}"), name)
    return found
