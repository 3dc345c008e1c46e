"""Differences between requests and their recordings that a test is allowed for now: those of a baseline."""

from __future__ import annotations

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.mismatch.drift import are_equal, drifted_from, needed, paths_between
from pytest_llmcassette.matching.mismatch.nearest import nearest


class KnownDrift:
    """What one test's requests may differ in, asked only after an exact match has not been found.

    `paths` are paths of `ignore_json`. `learning`: every JSON value may differ, and what did is noted, so that one run
    is enough to know all of it. What is imported here is needed in a request, where nothing may be imported.
    """

    def __init__(self, paths: tuple[str, ...] = (), *, learning: bool = False) -> None:
        self.paths = paths
        self.learning = learning
        self.pairs: list[tuple[Request, Request]] = []
        """The requests that were answered by a recording that is not quite theirs: as sent, as recorded."""

    def answer(self, sent: Request, waiting: list[Request], config: CassetteConfig) -> int | None:
        """The position of the recording that answers this redacted request; None without one."""
        if self.learning:
            place = drifted_from(sent, waiting, config)
        else:
            places = [place for place, one in enumerate(waiting) if self.paths and self._is_known(sent, one, config)]
            one_of = [(waiting[place], False) for place in places]
            place = places[nearest(sent, one_of, Matcher(config))] if places else None
        if place is not None:
            self.pairs.append((sent, waiting[place]))
        return place

    def _is_known(self, sent: Request, recorded: Request, config: CassetteConfig) -> bool:
        return are_equal(sent, recorded, config, self.paths)

    def occurred(self, config: CassetteConfig) -> list[str]:
        """The paths without which a request of this run would have had no recording, in order."""
        paths = self.paths
        if self.learning:
            paths = tuple(dict.fromkeys(path for pair in self.pairs for path in paths_between(*pair, config)))
        return sorted(needed(self.pairs, config, paths))
