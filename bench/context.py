"""What the server costs in a model's context: tools, instructions, and typical answers.

    python bench/context.py

Counts bytes / 4, and tokens of the o200k vocabulary where `tiktoken` has it on this machine
(nothing is downloaded). Exits 1 when tools or instructions are over budget.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from faber_db.server import INSTRUCTIONS
from faber_db.tools.catalogue import TOOLS

TOOLS_BUDGET = 2_000
INSTRUCTIONS_BUDGET = 300

Count = Callable[[str], float]


def counters() -> dict[str, Count]:
    """Ways to count, by name."""
    ways: dict[str, Count] = {"bytes/4": lambda text: len(text.encode()) / 4}
    cache = os.environ.get("TIKTOKEN_CACHE_DIR", "")
    if not cache or not any(Path(cache).iterdir()):
        print("o200k: no vocabulary on this machine (TIKTOKEN_CACHE_DIR), so bytes/4 only")
        return ways
    try:
        import tiktoken  # type: ignore[import-not-found]  # no dependency of ours
    except ImportError:
        print("o200k: tiktoken is not installed, so bytes/4 only")
        return ways
    encoding = tiktoken.get_encoding("o200k_base")
    ways["o200k"] = lambda text: len(encoding.encode(text))
    return ways


def main() -> int:
    ways = counters()
    over = False
    for way, count in ways.items():
        total = 0.0
        print(f"{way}:")
        for tool in TOOLS:
            schema = json.dumps(tool.parameters, ensure_ascii=False, separators=(",", ":"))
            cost = sum(count(text) for text in (tool.name, tool.description, schema))
            total += cost
            print(f"  {tool.name:<24} {cost:6.0f}")
        instructions = count(INSTRUCTIONS)
        print(f"  {'all tools':<24} {total:6.0f}  (budget {TOOLS_BUDGET})")
        print(f"  {'instructions':<24} {instructions:6.0f}  (budget {INSTRUCTIONS_BUDGET})")
        output = json.dumps(TOOLS[0].output_schema, separators=(",", ":"))
        print(f"  {'output schema, each':<24} {count(output):6.0f}  (budget 150)")
        over = over or total > TOOLS_BUDGET or instructions > INSTRUCTIONS_BUDGET
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
