#!/usr/bin/env python3
"""Prints the table of what one message costs before it is posted: `cargo bench --bench message`, some rounds of it, so that a
ratio is not taken from a quiet and a busy minute of the machine."""

import json
import subprocess

from measure import PROJECT, median, table

ROUNDS = 5
QUICK = ["--warm-up-time", "0.3", "--measurement-time", "1", "--noplot"]
FLOOR = "encryption floor"


def figures():
    """The median of each benchmark of the last round, in nanoseconds, by its name."""
    found = {}
    for file in (PROJECT / "target" / "criterion").glob("*/new/benchmark.json"):
        name = json.loads(file.read_text())["full_id"]
        found[name] = json.loads(file.with_name("estimates.json").read_text())["median"]["point_estimate"]
    return found


def main():
    command = ["cargo", "bench", "--locked", "--bench", "message", "--", *QUICK]
    rounds = []
    for _ in range(ROUNDS):
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rounds.append(figures())
    rows = []
    for name in sorted(rounds[0], key=lambda name: ("authorization" in name, name)):
        floor = name.replace("encryption", FLOOR) if name.startswith("encryption") and FLOOR not in name else None
        ratio = f"{median(r[name] / r[floor] for r in rounds):.2f}" if floor else ""
        rows.append([name, f"{median(r[name] / 1000 for r in rounds):.1f}", ratio])
    table(["step, 100-byte payload", "µs", "times the floor"], rows)


main()
