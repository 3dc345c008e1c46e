"""The command line: `llmcassette show`, `convert`, `prune` and `move`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_COMMANDS = {
    "show": (
        "print the conversations in cassettes",
        "Print the conversations in cassettes, or with --json one JSON object per interaction and line.",
    ),
    "convert": (
        "write cassettes of every format that is read as go-vcr 2",
        "Write cassettes of every format that is read (go-vcr 2, VCR.py 1) as go-vcr 2, with secrets replaced.",
    ),
    "prune": (
        "drop the recordings that no test played",
        "Show the recordings that the last run of all tests did not play, or with --write drop them.",
    ),
    "move": (
        "rename a cassette, and the snapshots of its test",
        "Rename a cassette, and with --snapshot what a renamed test has in syrupy's files.",
    ),
}
"""A command's line in the overview and its description. Each is a module here: `add_arguments(parser)`, `run(args)`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's arguments) names; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="llmcassette", description="Look at recorded LLM conversations, and convert their files."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parsers = {
        name: commands.add_parser(name, help=summary, description=description, add_help=False)
        for name, (summary, description) in _COMMANDS.items()
    }
    # Only the command that is run is imported: `convert` needs no wire protocol, `--help` needs nothing.
    command = parser.parse_known_args(argv)[0].command
    module = import_module(f"pytest_llmcassette.cli.{command}")
    own = parsers[command]
    own.add_argument("-h", "--help", action="help", help="show this help message and exit")
    module.add_arguments(own)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Names and answers have any character; a terminal in LANG=C must not end the command at the first accent.
            stream.reconfigure(errors="backslashreplace")
    status: int = module.run(parser.parse_args(argv))
    return status
