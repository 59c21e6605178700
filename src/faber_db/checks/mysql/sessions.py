"""Sessions: how many there are, whose transaction stays open, and who waits."""

from faber_db.checks.base import Check, Unit

_GRANT = "GRANT PROCESS ON *.* TO {role}"

CONNECTIONS = Check(
    name="connections",
    sql="""
        SELECT '', 100.0 * variable_value / @@max_connections,
            concat(variable_value, ' of ', @@max_connections)
        FROM information_schema.global_status WHERE variable_name = 'THREADS_CONNECTED'
    """,
    unit=Unit.PERCENT,
    warning=75,
    critical=90,
    essential=True,
    why="{detail} connections are taken; at the limit new ones are refused.",
    action="SELECT user, command, count(*) FROM information_schema.processlist GROUP BY 1, 2",
    safe_to_run_now=True,
)
LONG_TRANSACTIONS = Check(
    name="long-transactions",
    sql="""
        SELECT concat('session ', t.trx_mysql_thread_id),
            timestampdiff(SECOND, t.trx_started, now()),
            concat_ws(', ', p.user, p.command)
        FROM information_schema.innodb_trx t
        LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
        WHERE t.trx_mysql_thread_id <> connection_id()
    """,
    unit=Unit.SECONDS,
    warning=300,
    critical=1800,
    essential=True,
    grant=_GRANT,
    why="{object} ({detail}) has had its transaction open so long; a definition waits for it, and"
    " everybody else behind that.",
    action="Ask its owner, or end it: KILL with that number.",
)
BLOCKED = Check(
    name="blocked-sessions",
    sql="""
        SELECT concat('session ', id), time, state FROM information_schema.processlist
        WHERE state REGEXP '^Waiting for .*lock' AND id <> connection_id()
        UNION ALL
        SELECT concat('session ', trx_mysql_thread_id),
            timestampdiff(SECOND, trx_wait_started, now()), 'Waiting for a row'
        FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'
    """,
    unit=Unit.SECONDS,
    warning=30,
    critical=120,
    grant=_GRANT,
    why="{object}: {detail}.",
    action="Look for the transaction that holds it: SELECT * FROM information_schema.innodb_trx",
    safe_to_run_now=True,
)
