"""Measure the approval page: `python bench/page.py [--renderings 100]`.

Starts a private PostgreSQL with a release that waits, and `faber-db approve --web` in a process of
its own; prints its resident memory before and after, and how long the first byte of a plan takes.
Each rendering looks at the target for who may sign.
"""

import argparse
import http.client
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.page_shop import shop
from tests.e2e.project import Project


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--renderings", type=int, default=100)
    parser.add_argument("--port", type=int, default=7475)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        shop(Path(folder), arguments.port) as (project, _, plan),
        served(project, arguments.port) as process,
    ):
        print(f"{datetime.now(UTC):%Y-%m-%d}, {arguments.renderings} renderings of a high plan")
        print(f"resident memory, idle             {resident(process):6.1f} MiB")
        times = sorted(
            first_byte(arguments.port, f"/approvals/{plan}") for _ in range(arguments.renderings)
        )
        print(f"resident memory, after            {resident(process):6.1f} MiB")
        lists = [first_byte(arguments.port, "/approvals") for _ in range(arguments.renderings)]
        print(f"first byte of a plan, first       {times[-1]:6.1f} ms at most")
        print(f"first byte of a plan, median      {statistics.median(times):6.1f} ms")
        print(f"first byte of a plan, 95 of 100   {times[int(len(times) * 0.95) - 1]:6.1f} ms")
        print(f"first byte of the list, median    {statistics.median(lists):6.1f} ms")


@contextmanager
def served(project: Project, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        project.command("approve", "--web", "--port", str(port)),
        cwd=project.root,
        env=project.environ | {"DISPLAY": "", "WAYLAND_DISPLAY": ""},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if process.stderr:
        process.stderr.readline()  # it listens when it says where
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def first_byte(port: int, path: str) -> float:
    """Milliseconds from the request to the head of the answer, on a new connection."""
    connection = http.client.HTTPConnection("localhost", port)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    taken = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    answer.read()
    connection.close()
    return taken


def resident(process: "subprocess.Popen[bytes]") -> float:
    """MiB, as the kernel counts them."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    main()
