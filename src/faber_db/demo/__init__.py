"""The demo: a small shop, carried through all five phases by the commands a person would type."""
