"""A database that is to be made, as it is planned and signed while it is not there."""

from pydantic import ValidationError

from faber_db.errors import InputError
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.finding import Frozen
from faber_db.model.plan import Plan
from faber_db.model.target import PinnedApprover

ARGUMENT = "creation"  # of a plan


class PlannedCreation(Frozen):
    """What runs, where the URLs of its roles go, and who may sign it.

    The database is not there to remember its approvers, so the plan says whom the executor's own
    configuration names; the signature covers that too.
    """

    statements: tuple[str, ...]  # without what is secret in them
    folder: str = ""  # of the executor's account; empty: no roles are made
    signers: tuple[PinnedApprover, ...]

    def text(self) -> str:
        return canonical(self.model_dump(mode="json")).decode()

    @classmethod
    def of(cls, plan: Plan) -> "PlannedCreation":
        """What a plan of that kind holds.

        Raises:
            InputError: nothing of the sort.
        """
        text = plan.arguments.get(ARGUMENT, "")
        try:
            parse_canonical(text.encode("utf-8", "surrogatepass"))
            return cls.model_validate_json(text, strict=True)
        except (ValidationError, UnicodeError) as error:
            raise InputError(f"{plan.id} does not say what it makes") from error
