"""Does a work item need a database change? Pure: text in, verdict with its reasons out."""

from faber_db.detect.verdict import ExtraWords, Found, Verdict, detect

__all__ = ["ExtraWords", "Found", "Verdict", "detect"]
