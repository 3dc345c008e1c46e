"""`llmcassette prune`: drops the recordings that the last whole run of the tests did not play."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteError

_REFUSED = 2
_RECORD = ("v", "llmcassette", "unplayed")
_FIRST = "Run all tests first: pytest, without -k and without paths to single tests."


@dataclass(frozen=True, slots=True)
class _Step:
    """One file, and the positions of what is to go."""

    path: Path
    shown: str
    interactions: list[Interaction]
    idle: list[int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("--write", action="store_true", help="do it; without this only show what would go")
    parser.add_argument(
        "--cache-dir", metavar="DIR", help="pytest's cache (default: .pytest_cache here or in a folder above)"
    )


def run(args: argparse.Namespace) -> int:
    """Show, or drop; 0, 1 when a file could not be written or was left, 2 when no run tells what is to go."""
    try:
        record = _record(args.cache_dir)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return _REFUSED
    steps, left = _plan(record)
    gone, failed = 0, False
    for step in steps:
        number = len(step.idle)
        print(f"{step.shown}: {_count(number)} of {len(step.interactions)}")
        for place in step.idle:
            request = step.interactions[place].request
            print(f"  {place}: {request.method} {request.url}")
        try:
            if args.write:
                _drop(step)
        except CassetteError as problem:
            failed = True
            print(problem, file=sys.stderr)
        else:
            gone += number
    for name, why in left:
        print(f"left: {name}: {why}")
    done = "dropped" if args.write else "would go, with --write"
    print(f"{_count(gone)} {done} ({len(steps)} file{'' if len(steps) == 1 else 's'})")
    return 1 if failed or (args.write and left) else 0


def _count(number: int) -> str:
    return f"{number} interaction{'' if number == 1 else 's'}"


def _record(given: str | None) -> dict[str, Any]:
    """What the last whole run left in pytest's cache; raises `ValueError` with what to do where it tells nothing."""
    here = Path.cwd()
    folders = [Path(given)] if given else [folder / ".pytest_cache" for folder in (here, *here.parents)]
    file = next((file for folder in folders if (file := folder.joinpath(*_RECORD)).exists()), None)
    if file is None:
        raise ValueError(f"No run has left recordings unplayed, or none is remembered in {folders[0]}. {_FIRST}")
    try:
        record: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise ValueError(f"{file} cannot be read. {_FIRST}") from None
    if record["problem"]:
        raise ValueError(
            f"The last run does not tell what nobody plays: {record['problem']}, and might have played more.\n"
            "Mend it, or mark it with xfail (its cassette is left then), and run all tests again."
        )
    return record


def _plan(record: dict[str, Any]) -> tuple[list[_Step], list[tuple[str, str]]]:
    """What to drop, and the files that are left with the reason."""
    steps: list[_Step] = []
    left: list[tuple[str, str]] = []
    for name, said in record["files"].items():
        path = Path(record["root"], name)
        try:
            why = said["left"] or _changed(path, said["digest"]) or _used_by_go(path)
            interactions = [] if why else load(path)
        except (OSError, CassetteError) as problem:
            why, interactions = str(problem), []
        if not why and len(said["idle"]) >= len(interactions):
            why = "none of it was played; delete the file if it is not needed"
        if why:
            left.append((name, why))
        else:
            steps.append(_Step(path, name, interactions, said["idle"]))
    return steps, left


def _changed(path: Path, digest: str) -> str:
    same = hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return "" if same else "the file has changed since that run; run the tests again"


def _used_by_go(path: Path) -> str:
    """Why a Go suite may use the file: Go code lies beside it, or above it in the same checkout."""
    for folder in path.resolve().parents:
        if (folder / "go.mod").exists() or any(folder.glob("*.go")):
            return f"a Go suite may use it (there is Go code in {os.path.relpath(folder)})"
        if (folder / ".git").exists():
            break
    return ""


def _drop(step: _Step) -> None:
    """Write the file without them: a VCR.py file stays one, line for line. Raises `CassetteError`."""
    kept = [one for place, one in enumerate(step.interactions) if place not in set(step.idle)]
    raw = step.path.read_bytes()
    if b"\nversion: 2\n" in b"\n" + raw[:200]:
        save(step.path, kept)
        return
    lines = raw.splitlines(keepends=True)
    starts = _starts(raw)
    if len(starts) != len(step.interactions) + 1:
        raise CassetteError(f"{step.path}: its interactions are not one below the other; llmcassette convert it first.")
    for place in sorted(step.idle, reverse=True):
        del lines[starts[place] : starts[place + 1]]
    raw = b"".join(lines)
    if [one.request for one in formats.read(step.path, raw)] != [one.request for one in kept]:
        raise CassetteError(f"{step.path}: it cannot be cut by its lines; llmcassette convert it first.")
    save(step.path, kept, write=lambda _: [raw])


def _starts(raw: bytes) -> list[int]:
    """The lines (from 0) at which the items of `interactions` begin, and the one after the last."""
    import yaml

    root: Any = yaml.compose(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    items = next(value for name, value in root.value if name.value == "interactions")
    return [*(item.start_mark.line for item in items.value), items.end_mark.line]
