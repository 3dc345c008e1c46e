"""What one pytest run knows: its settings, which test has which cassette, and what was recorded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.errors import CassetteError, CassetteFileError
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.plugin import naming, options
from pytest_llmcassette.plugin.stash import CLAIMS, RUN_STARTED, SESSION


def session_of(config: pytest.Config) -> CassetteSession:
    """The one of this pytest process, made when it is first asked for."""
    if SESSION not in config.stash:
        config.stash[SESSION] = CassetteSession(config)
    session: CassetteSession = config.stash[SESSION]
    return session


class CassetteSession:
    """See `session_of`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        worker: Mapping[str, Any] = getattr(config, "workerinput", {})
        self._started_ns: int = worker.get(RUN_STARTED, Clock.time_ns())
        self._claims: str | None = worker.get(CLAIMS)
        self._claimed: set[Path] = set()
        self._recorded: set[Path] = set()
        self._owners: dict[Path, tuple[tuple[object, ...], str]] = {}
        """The test of each cassette that nobody has named: what makes it this test, and its node id."""
        self._sharers: dict[Path, dict[tuple[object, ...], str]] = {}

    @cached_property
    def template(self) -> naming.Template:
        """`llmcassette_path`; raises `pytest.UsageError` when it makes no sense."""
        return naming.parse_template(options.ini_value(self._config, options.PATH), options.PATH)

    @cached_property
    def ini(self) -> dict[str, Any]:
        """The switches of the ini file."""
        return options.ini_switches(self._config)

    @cached_property
    def defer_tls(self) -> bool:
        """Whether TLS contexts of httpx clients are made only when they are used."""
        return bool(options.ini_value(self._config, options.DEFER_TLS))

    def check_ini(self) -> None:
        """Raises `pytest.UsageError` for an option of the ini file that cannot be read, used by a test or not."""
        self.template, self.defer_tls, self.ini  # noqa: B018 - reading them is the check

    @cached_property
    def command_line(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The strongest layers of switches."""
        flag, mode = options.command_line(self._config)
        others = options.of_replay(self._config)
        return (flag, {"record_mode": mode}), *((flag, {name: value}) for name, (flag, value) in others.items())

    def note_user(self, path: Path, item: pytest.Function, *, is_named: bool) -> None:
        """Note whose cassette this is; raises `CassetteError` when another test has it, and nobody has named it.

        One test may run several times with one cassette: twice in a session, or once for each of anyio's backends.
        """
        identity = _identity(item)
        if is_named:
            self._sharers.setdefault(path, {}).setdefault(identity, item.nodeid)
            return
        owner, first = self._owners.setdefault(path, (identity, item.nodeid))
        if owner != identity:
            raise CassetteError(
                f"{first} and {item.nodeid} would both use the cassette {path}. Give one of them a name of its own, or "
                'the same name to both if they are to share it: @pytest.mark.cassette("name").'
            )

    def sharing(self, path: Path, item: pytest.Function) -> str:
        """What to know of a cassette that several tests of this run have named; empty when it is this test's alone."""
        sharers = self._sharers.get(path, {})
        others = [nodeid for identity, nodeid in sharers.items() if identity != _identity(item)]
        if not others:
            return ""
        named = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        return (
            f"{len(others) + 1} tests of this run share this cassette, and each replays the whole file; the others: "
            f"{named}.\nIf they ask for different things, give each a name of its own, or set allow_unplayed=True and "
            "record them with --record-mode=new_episodes."
        )

    def mode_for(self, path: Path, mode: RecordMode) -> RecordMode:
        """The mode for a test of this cassette: what another test of this run has just recorded is replayed."""
        if mode not in (RecordMode.ALL, RecordMode.REWRITE):
            return mode
        return RecordMode.NONE if path in self._recorded or self._by_another_worker(path) else mode

    def _by_another_worker(self, path: Path) -> bool:
        if self._claims is None:
            return False
        try:
            return os.stat(path).st_mtime_ns > self._started_ns
        except OSError:
            return False

    def claim_writing(self, path: Path) -> None:
        """Before a recording is written; raises `CassetteFileError` when another xdist worker has written this file.

        Looking at the file is not enough: two workers may look before either writes.
        """
        if path in self._claimed:
            return
        if self._claims is not None:
            os.makedirs(self._claims, exist_ok=True)
            name = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()
            try:
                os.close(os.open(os.path.join(self._claims, name), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                raise CassetteFileError(
                    path,
                    "another xdist worker has recorded this cassette in this run",
                    remedy="Give the tests cassettes of their own, or record with one xdist worker (-n 1).",
                ) from None
        self._claimed.add(path)

    def has_written(self, path: Path) -> None:
        """Note that the recording is in the file, for the tests that share it and for a rerun."""
        self._recorded.add(path)


def _identity(item: pytest.Function) -> tuple[object, ...]:
    fields = naming.fields_of(item)
    return (item.path, *(fields[name] for name in naming.IDENTITY))
