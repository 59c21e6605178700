"""Peers that no package registry has are tested where their program is named."""

import os

GOLANG_MIGRATE = os.environ.get("FABER_DB_TEST_GOLANG_MIGRATE", "")

collect_ignore = [] if GOLANG_MIGRATE else ["test_golang_migrate.py"]
