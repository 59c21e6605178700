"""Where the skills, prompts and examples are that come with the package."""

from pathlib import Path

from faber_db.errors import FileUnreadable

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder `skills`, `prompts` or `examples`, in an installed wheel or in a checkout.

    Raises:
        FileUnreadable: it is in neither; the installation is not whole.
    """
    for folder in (PACKAGE / "_shipped" / name, PACKAGE.parents[1] / name):
        if folder.is_dir():
            return folder
    raise FileUnreadable(
        f"the folder {name!r} is missing from this installation",
        hint="Install faber-db again.",
    )
