"""The approval page: what waits, a plan to read, to reject and to sign with a passkey.

Served by whoever holds the executor, so that what is read is the executor's own rendering. A GET
changes nothing; a POST comes from the page itself or is refused.
"""
