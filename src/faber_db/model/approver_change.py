"""A change of who may approve, as it is proposed and signed."""

from typing import Literal

from pydantic import ValidationError

from faber_db.errors import InputError
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.finding import Frozen
from faber_db.model.target import is_approver_name

ARGUMENT = "approvers"  # of a proposal and its plan
_SIGNERS = ("ed25519", "openssh", "passkey")
_LONGEST_KEY = 16 * 1024  # hex digits
_MOST_ACCOUNTS = 20


class ApproverChange(Frozen):
    """One approver added (or given another key), or taken away."""

    action: Literal["add", "revoke"]
    approver: str
    signer: str = ""
    public_key: str = ""  # hex
    accounts: tuple[str, ...] = ()

    def text(self) -> str:
        return canonical(self.model_dump(mode="json")).decode()

    @classmethod
    def of(cls, text: str) -> "ApproverChange":
        """Read what `text` wrote.

        Raises:
            InputError: anything else.
        """
        try:
            parse_canonical(text.encode("utf-8", "surrogatepass"))
            change = cls.model_validate_json(text, strict=True)
        except (ValidationError, UnicodeError) as error:
            raise InputError("this is no change of approvers") from error
        change.check()
        return change

    def check(self) -> None:
        """Refuse names, keys and accounts that cannot be.

        Raises:
            InputError.
        """
        if not is_approver_name(self.approver):
            raise InputError(
                f"{self.approver[:80]!r} is no name for an approver",
                hint="Use lower-case letters, digits and . _ @ + -",
            )
        if len(self.accounts) > _MOST_ACCOUNTS or not all(map(_is_account, self.accounts)):
            raise InputError("an account is a short name without spaces")
        if self.action == "add":
            require_key(self.signer, self.public_key)
        elif self.signer or self.public_key or self.accounts:
            raise InputError("who is taken away needs no key and no account")


def require_key(signer: str, public_key: str) -> None:
    """Refuse what cannot be a public key. Whether it can verify anything shows when it does.

    Raises:
        InputError.
    """
    try:
        sound = bytes.fromhex(public_key).hex() == public_key and bool(public_key)
    except ValueError:
        sound = False
    if signer not in _SIGNERS or not sound or len(public_key) > _LONGEST_KEY:
        raise InputError("this is no public key of an approver")


def _is_account(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isprintable() and not any(c.isspace() for c in text)
