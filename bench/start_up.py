"""Time from start to the `initialize` answer, beside a one-tool server on the same SDK.

    python bench/start_up.py [--starts 9] [--budget-ms 250]

Raw JSON-RPC over pipes, so that no client's own work is in the figures. The two servers start in
turn, so that a busy machine slows both. Exits 1 when the difference of the medians is over budget.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ONE_TOOL = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("one", log_level="WARNING")
@server.tool()
def add(a: int, b: int) -> int:
    return a + b
server.run("stdio")
"""

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}


class Server:
    """A server process that is spoken to line by line."""

    def __init__(self, command: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("the server has no pipes")
        self._to, self._from = self._process.stdin, self._process.stdout

    def ask(self, message: dict[str, object]) -> dict[str, object]:
        self._to.write(json.dumps(message).encode() + b"\n")
        self._to.flush()
        if "id" not in message:
            return {}
        line = self._from.readline()
        if not line:
            raise SystemExit("the server ended without an answer")
        answer: dict[str, object] = json.loads(line)
        return answer

    def resident_mib(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu_ms(self) -> float:
        """User and system time of the process so far: steadier than the clock on a busy machine."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self._to.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start(command: Sequence[str], folder: Path, environ: dict[str, str]) -> tuple[float, Server]:
    """Milliseconds to the answer, and the server, still running."""
    server = Server(command, folder, environ)
    answer = server.ask(INITIALIZE)
    took = (time.perf_counter() - server.began) * 1000
    if "result" not in answer:
        raise SystemExit(f"initialize was refused: {answer}")
    server.ask({"jsonrpc": "2.0", "method": "notifications/initialized"})
    return took, server


def calls(server: Server, name: str, arguments: dict[str, object], number: int) -> list[float]:
    """Milliseconds of each call after five that do not count."""
    times = []
    for i in range(number + 5):
        message = {
            "jsonrpc": "2.0",
            "id": 10 + i,
            "method": "tools/call",
            "params": {"name": name, "arguments": arguments},
        }
        began = time.perf_counter()
        server.ask(message)
        times.append((time.perf_counter() - began) * 1000)
    return times[5:]


def line(name: str, times: Sequence[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"{name:<28} min {ordered[0]:8.1f}  median {statistics.median(ordered):8.1f}  p95 {p95:8.1f} ms"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--starts", type=int, default=9)
    options.add_argument("--budget-ms", type=float, default=250)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "faber-db.json").write_text('{"environments": {"dev": {"url": "dev.sqlite3"}}}')
        (folder / "dev.sqlite3").touch()
        environ = os.environ | {"XDG_STATE_HOME": name, "XDG_CONFIG_HOME": name}
        commands = {
            "one tool": [sys.executable, "-c", ONE_TOOL],
            "faber-db serve": [sys.executable, "-m", "faber_db", "serve"],
        }
        starts: dict[str, list[float]] = {key: [] for key in commands}
        spent: dict[str, list[float]] = {key: [] for key in commands}
        for command in commands.values():  # once for the bytecode and the disk
            start(command, folder, environ)[1].end()
        for _ in range(given.starts):
            for key, command in commands.items():
                took, server = start(command, folder, environ)
                starts[key].append(took)
                spent[key].append(server.cpu_ms())
                server.end()
        for key, times in starts.items():
            print(line(f"start: {key}", times))
            print(line("  its CPU time", spent[key]))
        _, server = start(commands["faber-db serve"], folder, environ)
        time.sleep(3)  # what is loaded behind the first answer counts as idle memory
        print(f"{'idle memory':<28} {server.resident_mib():.0f} MiB")
        verdict = calls(server, "detect-database-needs", {"title": "Add a column"}, 100)
        print(line("call: detect-database-needs", verdict))
        print(line("call: status", calls(server, "status", {}, 50)))
        server.end()
    medians = {key: statistics.median(times) for key, times in starts.items()}
    over = medians["faber-db serve"] - medians["one tool"]
    print(f"{'difference of the medians':<28} {over:.0f} ms (budget {given.budget_ms:.0f})")
    return 0 if over <= given.budget_ms else 1


if __name__ == "__main__":
    sys.exit(main())
