"""`llmcassette move`: a renamed test's cassette and its snapshots."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

_REFUSED = 2
_HEAD = "# serializer version: 1\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("old", metavar="OLD", help="the cassette as it is called now")
    parser.add_argument("new", metavar="NEW", help="the cassette as it is to be called")
    parser.add_argument(
        "--snapshot",
        nargs=2,
        action="append",
        default=[],
        metavar=("FILE::TEST", "FILE::TEST"),
        help="the test's snapshots: the file (*.ambr) and the test's name in it, before and after",
    )


def run(args: argparse.Namespace) -> int:
    """Move all of it, or nothing; 0, or 2 when something is not there, or something else is."""
    try:
        texts = _snapshots(args.snapshot)
        problem = _problem(args.old, args.new)
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem is not None:
        print(f"{problem}\nNothing was moved.", file=sys.stderr)
        return _REFUSED
    os.makedirs(os.path.dirname(args.new) or ".", exist_ok=True)
    os.rename(args.old, args.new)
    print(f"{args.old} -> {args.new}")
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        if text == _HEAD:
            file.unlink()
        else:
            file.write_text(text, "utf-8", newline="")
    for before, after in args.snapshot:
        print(f"{before} -> {after}")
    return 0


def _problem(old: str, new: str) -> str | None:
    if not os.path.isfile(old):
        return f"There is no cassette {old}."
    if os.path.lexists(new):
        return f"{new} is there already: remove it first if {old} is to take its place."
    return None


def _snapshots(moves: list[list[str]]) -> dict[Path, str]:
    """The files as they are to be, by path; raises `ValueError` for what is not there, `OSError`."""
    texts: dict[Path, str] = {}
    for before, after in moves:
        (old_file, old_name), (new_file, new_name) = _place(before), _place(after)
        text = texts.get(old_file) or old_file.read_bytes().decode("utf-8")
        # An entry is from its name to the line with three dashes; `.1` and `[name]` follow the test's name.
        entry = re.compile(
            rf"^# name: {re.escape(old_name)}(?P<rest>\.\d+|\[.*)?\r?\n(?P<data>(?:(?!# ---).*\n)*# ---\r?\n?)",
            re.MULTILINE,
        )
        found = list(entry.finditer(text))
        if not found:
            raise ValueError(f"{old_file} has no snapshot of {old_name}.")
        texts[old_file] = entry.sub("", text)
        target = texts.get(new_file) or (new_file.read_bytes().decode("utf-8") if new_file.exists() else _HEAD)
        for one in found:
            name = new_name + (one["rest"] or "")
            if re.search(rf"^# name: {re.escape(name)}$", target, re.MULTILINE):
                raise ValueError(f"{new_file} has a snapshot {name} already.")
            target += f"# name: {name}\n{one['data']}"
        texts[new_file] = target
    return texts


def _place(text: str) -> tuple[Path, str]:
    file, separator, name = text.partition("::")
    if not separator or not name:
        raise ValueError(f"--snapshot takes FILE::TEST, not {text!r}.")
    return Path(file), name
