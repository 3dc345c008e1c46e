"""A cassette for a part of the code: of a script, of a session fixture, of a test."""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from contextlib import aclosing
from functools import lru_cache, partial, wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

import pytest_llmcassette
from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import CassetteError, ConfigError, NoCallsError, UnplayedError
from pytest_llmcassette.llm_cassette import LlmCassette, is_complete, prepare_to_record
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder import in_force, turns
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports import install
from pytest_llmcassette.transports.loops import in_thread

if TYPE_CHECKING:
    from pytest_llmcassette.faults.fault import Fault
    from pytest_llmcassette.faults.injection import Injection

P = ParamSpec("P")
R = TypeVar("R")


class RunningTest(Protocol):
    """The test whose code runs, as far as a cassette that it enters has to know it. The plugin has one."""

    def open(self, path: Path, switches: Mapping[str, Any]) -> Recorder:
        """The recorder of a block: by the test's settings, and `switches`; it is saved with the test's own verdict."""

    def leave(self, recorder: Recorder, *, ended_well: bool) -> bool:
        """A block has ended, without an exception or with one; whether what it has left undone is to be told."""


class use_cassette:  # noqa: N801 - used like a function, by the name that VCR.py's users know
    """Replay or record what a block or function sends: `with use_cassette("calls.yaml", record_mode="once") as it:`.

    Takes the switches of `CassetteConfig` by name; `record_mode` is `none` unless given. Works as `with`, as `async
    with` and as a decorator of functions, coroutines and generators, nests, and concurrent tasks can each use their
    own. When the block ends without an exception `UnplayedError` is raised for recorded interactions that it did not
    ask for (unless `allow_unplayed`), `NoCallsError` when it sent nothing (unless `allow_no_calls`), and a miss that
    code in the block swallowed is raised again. Raises `ConfigError` for a switch that does not
    exist, or where the path is missing.

    `faults` are met by its answers, each a fault's name, a `Fault` or an `injection(...)` with options: see
    docs/faults.md. Nothing is recorded then, and `CassetteError` is raised at the end for one that struck nothing.

    In a pytest test the test's settings apply: `--record-mode` beats the argument; marker, `llm_cassette_config` and
    ini fill in what the arguments leave open. A recording is kept if the test ends as declared. Elsewhere, also in a
    fixture of wider scope than function, it is written when the block ends without an exception.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        faults: Iterable[str | Fault | Injection] = (),
        **switches: Any,
    ) -> None:
        if callable(path):
            raise ConfigError('use_cassette needs the path of a cassette: @use_cassette("cassettes/name.yaml").')
        self._path = path if isinstance(path, Path) else Path(path)
        self._switches = switches
        self._faults = tuple(faults)
        try:
            self._config = _config(**switches)
        except TypeError:
            # A list among them, which cannot be remembered.
            self._config = build_config(("use_cassette", switches))
        self._entered: list[tuple[Recorder, in_force.Entry, RunningTest | None]] = []
        self._has_turn = False

    def __enter__(self) -> LlmCassette:
        __tracebackhide__ = True
        test = _running_test()
        return self._enter(self._opened(test), test)

    def _opened(self, test: RunningTest | None) -> Recorder:
        """All of entering that needs the disk."""
        __tracebackhide__ = True
        install()
        if test is not None:
            return self._prepared(test.open(self._path, self._switches))
        if self._config.record_mode is RecordMode.ONCE:
            turns.take(self._path)
            self._has_turn = True
        try:
            return self._prepared(self._recorder())
        except BaseException:
            self._end_turn()
            raise

    def _prepared(self, recorder: Recorder) -> Recorder:
        if self._faults:
            # Imported here: few blocks have any.
            from pytest_llmcassette.faults.injection import Injections, injection

            Injections(map(injection, self._faults)).put_in_force(recorder)
        recorder.prepare()
        if recorder.may_record:
            prepare_to_record()
        return recorder

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            turns.end(self._path)

    def _recorder(self) -> Recorder:
        opening = f'use_cassette("{self._path}"'
        recorder = Recorder(
            self._path,
            self._config,
            how_to_record=f'{opening}, record_mode="once")',
            owner=f"{opening})",
            is_complete=is_complete,
            redact=None if pytest_llmcassette.redact is None else pytest_llmcassette.redact(),
        )
        if recorder.exists_at_start:
            recorder.how_to_record = f'{opening}, record_mode="rewrite")'
            recorder.how_to_add = f'{opening}, record_mode="new_episodes")'
        return recorder

    def _enter(self, recorder: Recorder, test: RunningTest | None) -> LlmCassette:
        self._entered.append((recorder, in_force.push(recorder, for_task=True), test))
        return LlmCassette(recorder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        settle = self._leave(error)
        try:
            settle()
        finally:
            self._end_turn()

    def _leave(self, error: BaseException | None) -> Callable[[], None]:
        """End the block; what is to be done and told now."""
        recorder, entry, test = self._entered.pop()
        in_force.pop(entry)
        recorder.close()
        if error is not None and test is None and recorder.has_recorded:
            error.add_note(f"The recording {recorder.path} was discarded, since this ended its block.")
        if error is not None and test is None and recorder.config.chunking != "event":
            _explain_cuts(error, recorder)
        tells = error is None if test is None else test.leave(recorder, ended_well=error is None)
        if not tells:
            return _nothing
        return partial(_settle, recorder, saves=test is None, is_under_faults=bool(self._faults))

    async def __aenter__(self) -> LlmCassette:
        __tracebackhide__ = True
        test = _running_test()
        return self._enter(await in_thread(partial(self._opened, test)), test)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        settle = self._leave(error)
        try:
            await in_thread(settle)
        finally:
            self._end_turn()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """`@use_cassette("calls.yaml")`: opened anew for each call of the function; pytest still sees its arguments."""
        if inspect.isclass(function) or not callable(function):
            raise TypeError(
                f"@use_cassette decorates functions, not {function!r}. "
                "For all tests of a class mark the class with @pytest.mark.cassette."
            )
        return cast(
            Callable[P, R],
            _decorated(function, lambda: use_cassette(self._path, faults=self._faults, **self._switches)),
        )


def _running_test() -> RunningTest | None:
    """The test that runs, unless a fixture of wider scope is at work, which belongs to no test."""
    ask: Callable[[], RunningTest | None] | None = pytest_llmcassette.running_test
    return None if ask is None or in_force.is_outside_tests() else ask()


def _decorated(function: Callable[..., Any], again: Callable[[], use_cassette]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with again():
            return function(*args, **kwargs)

    @wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        with again():
            return (yield from function(*args, **kwargs))

    @wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        async with again():
            return await function(*args, **kwargs)

    @wraps(function)
    async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        __tracebackhide__ = True
        async with again(), aclosing(function(*args, **kwargs)) as values:
            async for value in values:
                yield value

    if inspect.iscoroutinefunction(function):
        return coroutine
    if inspect.isasyncgenfunction(function):
        return async_generator
    return generator if inspect.isgeneratorfunction(function) else call


@lru_cache(maxsize=32, typed=True)
def _config(**switches: Any) -> CassetteConfig:
    return build_config(("use_cassette", switches))


def _check_struck(recorder: Recorder) -> None:
    """Raises `CassetteError` for a fault of the block that has struck nothing."""
    __tracebackhide__ = True
    from pytest_llmcassette.faults.injection import Injections

    for change in recorder.changes:
        if isinstance(change, Injections) and change.idle:
            raise CassetteError(change.idle[0].why_not())


def _explain_cuts(error: BaseException, recorder: Recorder) -> None:
    """In a test its report says so."""
    from pytest_llmcassette.replay.cuts import told

    for line in told(recorder.cut_deliveries, recorder.config.chunking):
        error.add_note(f"chunking={recorder.config.chunking!r}: {line}")


def _nothing() -> None:
    """Nothing is left to be done."""


def _settle(recorder: Recorder, *, saves: bool, is_under_faults: bool) -> None:
    """What a clean exit still has to say, the gravest first; nothing is written when the block went wrong."""
    __tracebackhide__ = True
    if recorder.misses:
        raise recorder.misses[0]
    if saves:
        recorder.save()
    config = recorder.config
    if is_under_faults:
        _check_struck(recorder)
    if not recorder.sent and not config.allow_no_calls:
        raise NoCallsError(
            f"{recorder.owner} was in force, but no request was intercepted.\n"
            "Check that the code under test is really called, or pass allow_no_calls=True."
        )
    unplayed = [] if config.allow_unplayed else recorder.unplayed()
    if unplayed and not recorder.is_altered:
        # Imported here: most blocks ask for all that is recorded.
        from pytest_llmcassette.recorder.conversation import in_words

        asked = "\n".join(f"  {in_words(recorder, one)}" for one in unplayed)
        raise UnplayedError(
            f"{recorder.path} holds {len(unplayed)} interaction(s) that {recorder.owner} did not ask for:\n{asked}\n"
            'Record it again with record_mode="rewrite", or pass allow_unplayed=True.'
        )
