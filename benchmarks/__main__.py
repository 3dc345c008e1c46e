"""`python -m benchmarks [--short] [--only NAME ...] [--output FILE]`."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import calls, chunks, files, matching, processes, suites

BENCHMARKS: dict[str, tuple[Callable[..., str], int, int]] = {
    "overhead": (calls.overhead, 400, 5),
    "fresh": (calls.fresh_client, 15, 3),
    "suites": (suites.whole_suites, 5, 1),
    "load": (files.load, 7, 2),
    "save": (files.save, 7, 2),
    "match": (matching.match, 7, 2),
    "chunks": (chunks.chunk_cost, 9, 2),
    "startup": (processes.start_up, 11, 2),
    "memory": (processes.memory, 3, 1),
}
"""What to run, with the rounds of a full and of a short run."""

PACKAGES = ("pytest-llmcassette", "pytest", "respx", "httpx2", "openai", "cassetter", "vcrpy", "pytest-recording")


def versions() -> str:
    """The date, the interpreter and every installed package that is compared."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    today = datetime.date.today().isoformat()
    return f"{today}, {platform.python_implementation()} {platform.python_version()}; {', '.join(found)}."


def main() -> int:
    """Run what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few rounds: shows that everything runs, not a figure")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--output", type=Path, help="also write the tables to this file")
    options = parser.parse_args()
    report = ["CPU time, contenders alternated in one run, medians. " + versions()]
    print(report[0], flush=True)
    for name in options.only:
        run, full, short = BENCHMARKS[name]
        report.append(run(rounds=short if options.short else full))
        print("\n" + report[-1], flush=True)
    if options.output:
        options.output.write_text("\n\n".join(report) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
