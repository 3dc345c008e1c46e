"""The marks, and what a test's marks say. Mistakes are found when tests are collected, before any of them runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.plugin import budget, naming, options
from pytest_llmcassette.plugin.session import Owners, note_owner
from pytest_llmcassette.plugin.stash import PROVIDER_PROBLEM, SESSION

_SWITCHES = ", ".join(f"{name}=None" for name in CassetteConfig.__annotations__)
_MARKERS = (
    f"cassette(name=None, *, {_SWITCHES}): replay this test's LLM calls from its cassette, or record them "
    "(--record-mode). Tests that give the same name share a cassette; the other arguments are the switches of "
    "docs/reference.md. The nearest mark wins.",
    "llm_requires(*capabilities): skip the providers (llm_provider) that do not declare all of these capabilities.",
    budget.MARKER,
)


@dataclass(frozen=True, slots=True)
class CassetteMark:
    """A test's `cassette` marks together: the nearest name and the switches, nearest first."""

    name: str | None
    switches: dict[str, Any]
    is_own: bool
    """On the function itself, not only on its class or module."""


def register(config: pytest.Config) -> None:
    """Make the marks known, with their signatures, for `pytest --markers` and `--strict-markers`."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


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
            if switch not in CassetteConfig.__annotations__ and switch != "name":
                raise pytest.UsageError(
                    f"{item.nodeid}: @pytest.mark.cassette has no argument {switch!r}. "
                    f"Allowed are: name, {', '.join(CassetteConfig.__annotations__)}."
                )
            if switch != "name" and value is not None:
                switches.setdefault(switch, value)
    return CassetteMark(name, switches, _is_own(item))


def _name(item: pytest.Function, mark: pytest.Mark) -> str | None:
    given = [*mark.args, *([mark.kwargs["name"]] if "name" in mark.kwargs else [])]
    if len(given) > 1:
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.cassette takes one name, not {len(given)}; everything else is given by "
            f"keyword: {', '.join(CassetteConfig.__annotations__)}."
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


def check_collected(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Raises `pytest.UsageError` for the first mistake in the marks of these tests."""
    if PROVIDER_PROBLEM in config.stash:
        raise pytest.UsageError(config.stash[PROVIDER_PROBLEM])
    session = config.stash[SESSION]
    owners: Owners = {}
    checked: set[tuple[int, ...]] = set()
    for item in items:
        budget.budget_of(item)
        _check_requirements(item)
        mark = cassette_mark(item)
        if mark is None:
            continue
        if item.get_closest_marker("vcr") is not None:
            raise pytest.UsageError(
                f"{item.nodeid} has both marks, vcr and cassette, so two plugins would record it. Remove one of them."
            )
        if not checked:
            options.check_command_line(config)
        key = tuple(id(one) for one in item.iter_markers("cassette"))
        if key not in checked:
            checked.add(key)
            _check_switches(item, mark, session.ini)
        assert isinstance(item, pytest.Function)
        path = _path_by_template(item, mark)
        problem = None if path is None else note_owner(owners, path, item)
        if problem is not None:
            raise pytest.UsageError(problem)


def _check_switches(item: pytest.Item, mark: CassetteMark, ini: dict[str, Any]) -> None:
    try:
        config = build_config((f"{item.nodeid}: @pytest.mark.cassette", mark.switches), ("the ini file", ini))
        if config.ignore_json:
            from pytest_llmcassette.matching import Matcher

            Matcher(config)
    except (ConfigError, TypeError) as error:
        raise pytest.UsageError(str(error)) from None


def _path_by_template(item: pytest.Function, mark: CassetteMark) -> Path | None:
    """The path of a cassette that is not shared by name; None where fixtures decide, which nobody knows yet."""
    if mark.name is not None:
        return None
    manager = item.session._fixturemanager
    for fixture in ("llm_cassette_dir", "llm_cassette_name"):
        if len(manager.getfixturedefs(fixture, item) or ()) != 1:
            return None
    template = item.config.stash[SESSION].template
    name = naming.render(template.name, naming.fields_of(item))
    return naming.file_at(item.path.parent / template.folder, name, template.suffix)


def _check_requirements(item: pytest.Item) -> None:
    for mark in item.iter_markers("llm_requires"):
        if mark.kwargs or not mark.args or not all(isinstance(word, str) for word in mark.args):
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.llm_requires takes capabilities, one text each: "
                'llm_requires("tools", "vision").'
            )


def check_required(item: pytest.Item) -> None:
    """Skip the test when its provider does not declare what `llm_requires` asks for."""
    required = [word for mark in item.iter_markers("llm_requires") for word in mark.args]
    if not required:
        return
    callspec = getattr(item, "callspec", None)
    provider = callspec.params.get("llm_provider") if callspec is not None else None
    if provider is None:
        return
    declared = getattr(provider, "capabilities", ())
    missing = [word for word in dict.fromkeys(required) if word not in declared]
    if missing:
        raise pytest.skip.Exception(
            f"{getattr(provider, 'name', provider)} does not declare: {', '.join(missing)} (llm_requires)",
            _use_item_location=True,
        )
