"""The file of a cassette in force: found when the cassette opens, read once, replaced whole by what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_llmcassette.cassette.files import found_at, save, state_of
from pytest_llmcassette.cassette.loaded import load_shared
from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteFileError
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder.playlist import Playlist, merge
from pytest_llmcassette.redaction import Redactor

Fresh = Sequence[tuple[Request, Interaction]]
"""What was recorded, each with the request as it was sent."""


class OpenedFile:
    """What stands in the file at `path`, for the switches of one recorder.

    `after` is the file of a recorder that has recorded the same cassette and is not saved yet: what `recorded` gives,
    when it is asked for, takes the place of the file's interactions.
    """

    def __init__(
        self,
        path: Path,
        config: CassetteConfig,
        redactor: Redactor,
        after: OpenedFile | None = None,
        recorded: Callable[[], Sequence[Interaction]] | None = None,
    ) -> None:
        self.path = path
        self.playlist: Playlist | None = None
        """None until it is read."""
        self.left_over = 0
        """After `save` in mode all: how many of the file's interactions this run did not replace."""
        self.config = config
        self.is_replayed = config.record_mode not in (RecordMode.ALL, RecordMode.REWRITE)
        """Whether requests are answered from it, where they can be."""
        self._redactor = redactor
        self._after = after
        self._recorded = recorded
        self._found = found_at(path)
        self._unreadable: CassetteFileError | None = None
        self.exists_at_start = after is not None or self._found is not None

    def load(self) -> Playlist:
        """What it holds, read at the first call; raises `CassetteFileError` at each where that cannot be."""
        if self._unreadable is not None:
            raise self._unreadable
        if self.playlist is None:
            interactions: Sequence[Interaction] = ()
            if self._recorded is not None:
                interactions = self._recorded()
            elif self._found is not None and self.config.record_mode is not RecordMode.REWRITE:
                try:
                    interactions = load_shared(self.path, self._found)
                except CassetteFileError as error:
                    self._unreadable = error
                    raise
            self.playlist = Playlist(interactions, self.config, self._redactor)
        return self.playlist

    def recorded(self) -> Sequence[Interaction]:
        """What it holds; nothing where it cannot be read."""
        try:
            return self.load().interactions
        except CassetteFileError:
            return ()

    def unplayed(self) -> list[Interaction]:
        """Recorded interactions that nobody asked for; empty when everything went live.

        Raises `CassetteFileError` when the file cannot be read.
        """
        return (self.playlist or self.load()).unplayed() if self.exists_at_start and self.is_replayed else []

    def unplayed_places(self) -> tuple[int, list[int]]:
        """How many interactions it holds and the positions of `unplayed`; (0, []) where nothing was to be played."""
        if self.playlist is None or not self.is_replayed:
            return 0, []
        places = self.playlist.unplayed_places()
        return len(self.playlist.interactions) if places else 0, places

    def merged(self, fresh: Fresh) -> list[Interaction]:
        """What the file is to hold with these fresh recordings."""
        return merge(fresh, self.load(), self.config.record_mode)

    def save(self, fresh: Fresh, owner: str) -> None:
        """Replace the file in one atomic step; raises `CassetteFileError`, also when somebody wrote it meanwhile."""
        merged = self.merged(fresh)
        self.left_over = len(merged) - len(fresh) if self.config.record_mode is RecordMode.ALL else 0
        save(self.path, merged, check=lambda: self._check_unchanged(owner))
        self._found = found_at(self.path)

    def _check_unchanged(self, owner: str) -> None:
        if state_of(found_at(self.path)) != state_of((self if self._after is None else self._after)._found):
            raise CassetteFileError(
                self.path,
                f"something else wrote this cassette while {owner} was recording it",
                remedy="Record it from one test in one process: name separate cassettes, or use one xdist worker.",
            )
