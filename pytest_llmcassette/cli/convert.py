"""`llmcassette convert`: cassettes of every format that is read, written as go-vcr 2 or in another that is."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.files import load, save
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cli.paths import cassette_files, patterns
from pytest_llmcassette.errors import CassetteError

_REFUSED = 2


class _Step(NamedTuple):
    """One file to read and the file to write."""

    source: str
    target: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument(
        "sources", nargs="+", metavar="SRC", help=f"cassette files, or folders to search for {patterns()}"
    )
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="the folder to write to; the paths below a folder SRC are kept"
    )
    writers = [each.name for each in formats.known() if each.write]
    parser.add_argument(
        "--to",
        choices=writers,
        default="go-vcr",
        # Nothing is to be chosen among one.
        help="the format to write (default: go-vcr)" if len(writers) > 1 else argparse.SUPPRESS,
    )
    parser.add_argument("--no-scrub", action="store_true", help="leave secrets and all headers as they are")


def run(args: argparse.Namespace) -> int:
    """Convert all files; 0, or 1 when one could not be read or written (the rest is done), or 2 and nothing is written.

    2 means that the arguments would lose a file: two sources with one target, or a target that is itself a source.
    """
    target = next(each for each in formats.known() if each.name == args.to)
    steps, empty = _plan(args.sources, args.output, target.suffixes)
    for given in empty:
        print(f"{given}: no cassettes ({patterns()}) in this folder.", file=sys.stderr)
    refusals = _refusals(steps)
    if refusals:
        for refusal in refusals:
            print(refusal, file=sys.stderr)
        print("Nothing was written.", file=sys.stderr)
        return _REFUSED
    scrub = (lambda interaction: interaction) if args.no_scrub else _scrubber()
    failed = bool(empty)
    for step in steps:
        try:
            interactions = load(Path(step.source))
            save(Path(step.target), [scrub(interaction) for interaction in interactions], target.write)
        except CassetteError as problem:
            failed = True
            print(str(problem), file=sys.stderr)
            continue
        number = len(interactions)
        print(f"{step.source} -> {step.target} ({number} interaction{'' if number == 1 else 's'})")
    return 1 if failed else 0


def _plan(sources: Iterable[str], output: str, suffixes: tuple[str, ...]) -> tuple[list[_Step], list[str]]:
    """What to read and where to write it, and the folders that hold nothing to convert."""
    steps: dict[_Step, None] = {}
    empty = []
    for given in sources:
        files = list(cassette_files(given))
        if not files:
            empty.append(given)
        for file in files:
            kept = os.path.relpath(file, given) if os.path.isdir(given) else os.path.basename(file)
            stem, suffix = os.path.splitext(kept)
            target = kept if suffix.lower() in suffixes else stem + suffixes[0]
            steps[_Step(file, os.path.join(output, target))] = None
    return list(steps), empty


def _refusals(steps: Iterable[_Step]) -> list[str]:
    """Why these steps would lose a file, if they would."""
    sources = {_identity(step.source): step.source for step in steps}
    targets: dict[str, str] = {}
    problems = []
    for step in steps:
        target = _identity(step.target)
        if target in sources:
            problems.append(
                f"{step.target}: writing it would overwrite the source {sources[target]}. Choose another --output."
            )
        first = targets.setdefault(target, step.source)
        if _identity(first) != _identity(step.source):
            problems.append(
                f"{step.target}: both {first} and {step.source} would be written there. "
                "Convert them into separate folders, or give the folder above them."
            )
    return problems


def _identity(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def _scrubber() -> Callable[[Interaction], Interaction]:
    from pytest_llmcassette.redaction import KnownSecrets, default_redactor

    redactor = default_redactor()

    def scrub(interaction: Interaction) -> Interaction:
        known = KnownSecrets()
        response = redactor.response(interaction.response, known)
        same_size = len(response.body) == len(interaction.response.body)
        return replace(
            interaction,
            request=redactor.recorded_request(interaction.request),
            response=response,
            # Arrivals count the body's bytes.
            chunks=interaction.chunks if same_size else (),
            frames=redactor.frames(interaction.frames, known),
        )

    return scrub
