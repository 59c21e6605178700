"""The tables that a script names."""

from faber_db.model.statement import TableAction, TableSetting
from faber_db.rules.context import Context
from faber_db.rules.scene import effects_of
from faber_db.rules.state import State
from faber_db.sql.script import Script


def touched(script: Script) -> tuple[str, ...]:
    """Full names of the tables that the statements name, in order of first mention."""
    state = State(script.dialect, None)
    context = Context(dialect=script.dialect)
    found: dict[str, None] = {}
    for statement in script.statements:
        for action in statement.actions:
            if isinstance(action, TableAction) and not isinstance(action, TableSetting):
                found[action.table] = None
            for effect in effects_of(action, state, context):
                found[effect.table] = None
            state.apply(action)
    return tuple(name for name in found if name)
