"""Score detection on a labelled set: `python bench/detect.py FILE.jsonl [--wrong]`.

Lines hold `title`, `description`, `labels`, `needs_migration` (`yes`, `no`, `maybe`: either is
right, not scored), `kind`, `difficulty`. A verdict of `possible` is scored both ways.
"""

import argparse
import json
import time
from pathlib import Path

from faber_db.detect.verdict import Verdict, detect


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list the items judged wrong")
    arguments = parser.parse_args()
    items = [json.loads(line) for line in arguments.path.read_text().splitlines() if line.strip()]
    started = time.perf_counter()
    verdicts = [detect(i["title"], i["description"], i["labels"]) for i in items]
    each_ms = (time.perf_counter() - started) * 1000 / len(items)
    scored = [
        (i, v) for i, v in zip(items, verdicts, strict=True) if i["needs_migration"] != "maybe"
    ]
    for name, positive in (("yes", {"yes"}), ("yes or possible", {"yes", "possible"})):
        report(name, scored, positive)
    right = [
        (i, v) for i, v in scored if i["needs_migration"] == "yes" and v.needs_migration != "no"
    ]
    first = sum(i["kind"] == v.kinds[0] for i, v in right)
    among = sum(i["kind"] in v.kinds for i, v in right)
    print(f"kind of change: first {first}/{len(right)}, among those named {among}/{len(right)}")
    print(f"{each_ms:.2f} ms an item")
    if arguments.wrong:
        for item, verdict in scored:
            if (verdict.needs_migration == "yes") != (item["needs_migration"] == "yes"):
                signs = [(f.text, f.weight) for f in verdict.indicators][:7]
                print(
                    f"{item['needs_migration']:3} {verdict.confidence} {item['difficulty'][:5]} | {item['title'][:90]} | {signs}"
                )


def report(name: str, scored: list[tuple[dict[str, str], Verdict]], positive: set[str]) -> None:
    hit = sum(i["needs_migration"] == "yes" and v.needs_migration in positive for i, v in scored)
    said = sum(v.needs_migration in positive for _, v in scored)
    wanted = sum(i["needs_migration"] == "yes" for i, _ in scored)
    precision, recall = hit / max(said, 1), hit / max(wanted, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    print(f"positive = {name}: precision {precision:.3f} recall {recall:.3f} F1 {f1:.3f}")
    for difficulty in sorted({i["difficulty"] for i, _ in scored}):
        part = [(i, v) for i, v in scored if i["difficulty"] == difficulty]
        right = sum(
            (i["needs_migration"] == "yes") == (v.needs_migration in positive) for i, v in part
        )
        print(f"  {difficulty}: {right}/{len(part)} right")


if __name__ == "__main__":
    main()
