"""The marks: how they are registered, and what the marks of a test say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_llmcassette.plugin.options import SWITCHES
from pytest_llmcassette.plugin.stash import CAPABILITIES

_SWITCHES = ", ".join(f"{name}=None" for name in SWITCHES)
_MARKERS = (
    f"cassette(name=None, *, {_SWITCHES}): replay this test's LLM calls from its cassette, or record them "
    "(--record-mode). Tests that give the same name share a cassette; the other arguments are the switches of "
    "docs/reference.md. The nearest mark wins.",
    "llm_requires(*capabilities): skip the providers (llm_provider) that do not declare all of these capabilities.",
    "llm_budget(*, input_tokens=None, output_tokens=None, total_tokens=None, cost=None): fail the test when its "
    "exchanges together spend more; cost in US dollars, at the time of the recording (needs the extra [prices]).",
    "llm_fault(name, *, once=False, always=False, times=None, on='first', snapshots=False, **options): let an answer "
    "go wrong on replay, in one of the ways that docs/faults.md lists.",
)
NAMES = frozenset({"cassette", "llm_requires", "llm_budget", "llm_fault"})
_NEAR = 0.85
"""`casette`, `cassettes` and `llm_require` are as near as that; `requires` and `budget`, which others have, are not."""


class CassetteMark(NamedTuple):
    """A test's `cassette` marks together: the nearest name and the switches, nearest first."""

    name: str | None
    switches: dict[str, Any]
    is_own: bool
    """On the function itself, not only on its class or module."""


def register(config: pytest.Config) -> None:
    """Make the marks known, with their signatures, for `pytest --markers` and `--strict-markers`."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def check_neighbours(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` where another plugin uses our mark."""
    if config.pluginmanager.hasplugin("llm_cassette"):
        raise pytest.UsageError(
            "The plugin llm-cassette uses @pytest.mark.cassette as well, so one test would get two cassettes. "
            "Block it with -p no:llm_cassette, or block ours with -p no:llmcassette."
        )


def misspelt(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """What is wrong with a mark that nobody has registered and that is nearly one of ours; None almost always.

    pytest itself warns at most, and the test would send its requests to the network.
    """
    used = {mark.name: item for item in reversed(items) for mark in item.iter_markers()}
    unknown = used.keys() - NAMES
    if unknown:
        unknown -= {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    if not unknown:
        return None
    from difflib import get_close_matches

    for name in sorted(unknown):
        # The fixtures' names, and the ini options' beginning.
        word = "cassette" if name in ("llm_cassette", "llm_cassettes", "llmcassette") else name.lower()
        for meant in get_close_matches(word, NAMES, n=1, cutoff=_NEAR):
            return (
                f"{used[name].nodeid}: there is no mark {name!r}. Did you mean @pytest.mark.{meant}?\n"
                f"If it is a mark of your own, register it (the ini option markers)."
            )
    return None


def is_marked(item: pytest.Item) -> bool:
    """Whether the test has a mark of ours."""
    return any(mark.name in NAMES for mark in item.iter_markers())


def cassette_mark(item: pytest.Item) -> CassetteMark | None:
    """What the test's marks say, None for a test without; raises `pytest.UsageError` for a wrong argument."""
    if not isinstance(item, pytest.Function):
        return None
    marks = list(item.iter_markers("cassette"))
    if not marks:
        return None
    name: str | None = None
    switches: dict[str, Any] = {}
    for mark in marks:
        given = _name(item, mark)
        name = given if name is None else name
        for switch, value in mark.kwargs.items():
            if switch not in SWITCHES and switch != "name":
                raise pytest.UsageError(
                    f"{item.nodeid}: @pytest.mark.cassette has no argument {switch!r}. "
                    f"Allowed are: name, {', '.join(SWITCHES)}."
                )
            if switch != "name" and value is not None:
                switches.setdefault(switch, value)
    return CassetteMark(name, switches, _is_own(item))


def _name(item: pytest.Function, mark: pytest.Mark) -> str | None:
    given = [*mark.args, *([mark.kwargs["name"]] if "name" in mark.kwargs else [])]
    if len(given) > 1:
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.cassette takes one name, not {len(given)}; everything else is given by "
            f"keyword: {', '.join(SWITCHES)}."
        )
    name = given[0] if given else None
    if name is None:
        return None
    if not isinstance(name, str) or not name.strip("/\\ ."):
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.cassette takes its cassette's name, not {name!r}.")
    if name.startswith(("/", "\\")) or Path(name).is_absolute():
        raise pytest.UsageError(
            f"{item.nodeid}: the cassette's name {name!r} is an absolute path. Names are relative to the folder of "
            "the cassettes; to put them elsewhere set llmcassette_path or override the fixture llm_cassette_dir."
        )
    return name.removesuffix(".yaml").removesuffix(".yml")


def _is_own(item: pytest.Function) -> bool:
    callspec = getattr(item, "callspec", None)
    marks = [*getattr(item.obj, "pytestmark", ()), *(callspec.marks if callspec is not None else ())]
    return any(mark.name == "cassette" for mark in marks)


def parameters_of(item: pytest.Item) -> Mapping[str, Any]:
    """The values of a test's parameters by name; none where it has not been parametrised."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


def skip_unsupported(item: pytest.Item) -> None:
    """Skip the test when its provider does not declare what `llm_requires` asks for."""
    required = [word for mark in item.iter_markers("llm_requires") for word in mark.args]
    if not required:
        return
    provider = parameters_of(item).get("llm_provider")
    if provider is None:
        return
    declared = getattr(provider, "capabilities", ())
    missing = [word for word in dict.fromkeys(required) if word not in declared]
    if missing:
        _warn_of_words_that_nobody_knows(item, missing)
        raise pytest.skip.Exception(
            f"{getattr(provider, 'name', provider)} does not declare: {', '.join(missing)} (llm_requires)",
            _use_item_location=True,
        )


def _warn_of_words_that_nobody_knows(item: pytest.Item, missing: list[str]) -> None:
    """A misspelt capability would skip the test for every provider."""
    known = item.config.stash.get(CAPABILITIES, None)
    unknown = [] if known is None else [word for word in missing if word not in known]
    if known is not None and unknown:
        item.warn(
            pytest.PytestWarning(
                f"@pytest.mark.llm_requires: no provider declares {', '.join(map(repr, unknown))}, so that every "
                f"provider is skipped. Declared are: {', '.join(sorted(known)) or 'no capabilities at all'}."
            )
        )
