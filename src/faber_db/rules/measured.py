"""What only a trial run finds: entries of the catalogue without a look of their own."""

from faber_db.model.finding import Kind, Risk
from faber_db.rules.base import Rule

MEASURED_BLOCK = Rule(
    code="measured-block",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="On a trial run it worked through a table while it held a lock that others wait for.",
    remedy="Put the statement that takes the lock into a migration of its own, without the work.",
    source="Trial run on a copy of the schema",
    looks=(),
)

FAILS_ON_TRIAL = Rule(
    code="fails-on-trial",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="It failed on a trial run, whatever the rows; what stands behind it was not tried.",
    remedy="Correct the statement; the message is the server's own.",
    source="Trial run on a copy of the schema",
    looks=(),
)

QUERY_BREAKS = Rule(
    code="query-breaks",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="A query of the running application can no longer be prepared once it has run.",
    remedy="Deploy the code that no longer sends this query first, and change the schema after it.",
    source="Trial run on a copy of the schema, with the queries prepared before and after",
    looks=(),
)

ENTRIES = (MEASURED_BLOCK, FAILS_ON_TRIAL, QUERY_BREAKS)
