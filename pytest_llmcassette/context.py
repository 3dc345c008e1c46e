"""A cassette outside pytest's lifecycle: in a script, a session fixture, a part of a test."""

from __future__ import annotations

import os
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import NoCallsError, UnplayedError
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports import install
from pytest_llmcassette.transports.loops import in_thread

if TYPE_CHECKING:
    from pytest_llmcassette.llm_cassette import LlmCassette


class use_cassette:  # noqa: N801 - used like a function, by the name that VCR.py's users know
    """Replay or record what the `with` block sends: `with use_cassette("calls.yaml", record_mode="once") as cassette:`.

    Takes the switches of `CassetteConfig` by name; `record_mode` is `none` unless given. Works as `with` and as
    `async with`, nests, and concurrent tasks can each use their own. A recording is written only when the block ends
    without an exception. Then `UnplayedError` is raised for recorded interactions that the block did not ask for
    (unless `allow_unplayed`), `NoCallsError` when it sent nothing (unless `allow_no_calls`), and a miss that code in
    the block swallowed is raised again. Raises `ConfigError` for a switch that does not exist.
    """

    def __init__(self, path: str | os.PathLike[str], **switches: Any) -> None:
        self._path = path if isinstance(path, Path) else Path(path)
        try:
            self._config = _config(**switches)
        except TypeError:
            # A list among them, which cannot be remembered.
            self._config = build_config(("use_cassette", switches))
        self._entered: list[tuple[Recorder, in_force.Entry]] = []

    def __enter__(self) -> LlmCassette:
        return self._enter(self._opened())

    def _opened(self) -> Recorder:
        """All of entering that needs the disk."""
        # Imported here: a session that only replays needs no protocols until somebody reads a transcript.
        from pytest_llmcassette.llm_cassette import is_complete, prepare_to_record

        install()
        opening = f'use_cassette("{self._path}"'
        recorder = Recorder(
            self._path,
            self._config,
            how_to_record=f'{opening}, record_mode="once")',
            owner=f"{opening})",
            is_complete=is_complete,
        )
        if recorder.exists_at_start:
            recorder.how_to_record = f'{opening}, record_mode="rewrite")'
            recorder.how_to_add = f'{opening}, record_mode="new_episodes")'
        recorder.prepare()
        if recorder.may_record:
            prepare_to_record()
        return recorder

    def _enter(self, recorder: Recorder) -> LlmCassette:
        from pytest_llmcassette.llm_cassette import LlmCassette

        self._entered.append((recorder, in_force.push(recorder, for_task=True)))
        return LlmCassette(recorder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder = self._leave()
        if error is None:
            _settle(recorder)

    def _leave(self) -> Recorder:
        recorder, entry = self._entered.pop()
        in_force.pop(entry)
        recorder.close()
        return recorder

    async def __aenter__(self) -> LlmCassette:
        return self._enter(await in_thread(self._opened))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recorder = self._leave()
        if error is None:
            await in_thread(partial(_settle, recorder))


@lru_cache(maxsize=32, typed=True)
def _config(**switches: Any) -> CassetteConfig:
    return build_config(("use_cassette", switches))


def _settle(recorder: Recorder) -> None:
    """What a clean exit still has to say, the gravest first; nothing is written when the block went wrong."""
    if recorder.misses:
        raise recorder.misses[0]
    recorder.save()
    config = recorder.config
    if not recorder.calls and not config.allow_no_calls:
        raise NoCallsError(
            f"{recorder.owner} was in force, but no request was made through httpx or httpx2.\n"
            "Check that the code under test is really called, or pass allow_no_calls=True."
        )
    unplayed = [] if config.allow_unplayed else recorder.unplayed()
    if unplayed:
        asked = "\n".join(f"  {one.request.method} {one.request.url}" for one in unplayed)
        raise UnplayedError(
            f"{recorder.path} holds {len(unplayed)} interaction(s) that {recorder.owner} did not ask for:\n{asked}\n"
            'Record it again with record_mode="rewrite", or pass allow_unplayed=True.'
        )
