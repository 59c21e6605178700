"""Text to statements, and statements to actions: picks the parser of the dialect."""

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Action, NotUnderstood
from faber_db.sql.limits import check_size
from faber_db.sql.script import Statement
from faber_db.sql.watch import UNWATCHED, Watch


def read(text: str, dialect: Dialect, watch: Watch = UNWATCHED) -> tuple[Statement, ...]:
    """The statements of a text, in order.

    Raises:
        AnalysisTooLarge: see `faber_db.sql.limits`.
    """
    check_size(text)
    if dialect is Dialect.POSTGRESQL:
        from faber_db.sql.postgresql.parser import read_postgresql

        return read_postgresql(text, watch)
    from faber_db.sql.grammar.reader import read_tokens

    return read_tokens(text, dialect, watch)


def actions_of(statement: Statement) -> tuple[Action, ...]:
    """What a statement does; never empty."""
    if not statement.understood:
        return (NotUnderstood(statement.problem or "the parser refuses it"),)
    if statement.dialect is Dialect.POSTGRESQL:
        from faber_db.sql.postgresql.parser import read_actions

        return read_actions(statement)
    from faber_db.sql.grammar.reader import read_statement

    return read_statement(statement.text, statement.dialect)
