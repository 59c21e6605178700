"""Take the pictures of the approval page in docs/: `python bench/page_pictures.py`.

Starts a private PostgreSQL with a release that waits, serves its page, and looks at it with
Chromium: desktop in light and dark, and the width of a phone. Needs Debian's `chromium`.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, sync_playwright

from bench.page_shop import shop
from faber_db.services.app import App
from faber_db.web.listener import listen, serve
from faber_db.web.page import page
from faber_db.web.site import Site, local_origin

DOCS = Path(__file__).parents[1] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
VIEWS = {
    "page-light": (900, 1240, "light"),
    "page-dark": (900, 1240, "dark"),
    "page-phone": (390, 1240, "light"),
}


@contextmanager
def served(app: App, port: int) -> Iterator[Site]:
    """The page of a project, until the process ends."""
    site = Site(lambda: app, local_origin(port))
    listening = listen("127.0.0.1", port)
    threading.Thread(target=serve, args=(page(site), listening), daemon=True).start()
    yield site


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7475)
    parser.add_argument("--whole", action="store_true", help="whole pages, beside the others")
    parser.add_argument("--into", type=Path, default=DOCS)
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        shop(Path(folder), arguments.port) as (_, app, plan),
        served(app, arguments.port) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name in VIEWS:
            take(browser, site.url(plan), name, arguments.into, whole=arguments.whole)
        browser.close()


def take(browser: Browser, url: str, name: str, folder: Path, *, whole: bool) -> None:
    width, height, scheme = VIEWS[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab = context.new_page()
    tab.goto(url)
    tab.screenshot(path=folder / f"{name}.png")
    if whole:
        tab.screenshot(path=folder / f"{name}-whole.png", full_page=True)
    context.close()
    smaller(folder / f"{name}.png")


def smaller(picture: Path) -> None:
    """With fewer colours where Debian's `pngquant` is there."""
    command = ["pngquant", "--force", "--ext", ".png", "--speed", "1", "64", str(picture)]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        print("pngquant is not there: the pictures keep their colours")
    print(f"{picture.name}  {picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
