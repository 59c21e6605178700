"""Database changes made by AI coding assistants, safe enough for production."""

__version__ = "0.1.0"
