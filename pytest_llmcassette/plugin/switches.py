"""A test's switches, merged from their layers; a mistake names the layer that it is in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import CassetteError, ConfigError
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.plugin.markers import CassetteMark
from pytest_llmcassette.plugin.session import session_of

Layer = tuple[str, Mapping[str, Any]]
"""What the layer is called in an error, and its switches."""


def of_test(
    item: pytest.Item, path: Path, argument: Layer | None, mark: CassetteMark | None, given: Any
) -> CassetteConfig:
    """The switches of a cassette of this test: of its mark, or one that it enters itself, with an `argument`.

    `given` is what the fixture `llm_cassette_config` is. What another test of this run has just recorded is replayed.
    Raises `CassetteError`.
    """
    if given is not None and not isinstance(given, Mapping):
        raise CassetteError(f"The fixture llm_cassette_config must return a dict of switches, not {given!r}.")
    session = session_of(item.config)
    config = resolve(
        *session.command_line,
        *([] if argument is None else [argument]),
        *([] if mark is None else [(f"{item.nodeid}: @pytest.mark.cassette", mark.switches)]),
        (f"{item.nodeid}: the fixture llm_cassette_config", given or {}),
        ("the ini file", session.ini),
    )
    mode = session.mode_for(path, config.record_mode)
    return config if mode is config.record_mode else dataclasses.replace(config, record_mode=mode)


def after_recording(config: CassetteConfig) -> CassetteConfig:
    """The same for a cassette that its own test has just recorded: that is replayed, and added to at most."""
    if config.record_mode is RecordMode.NEW_EPISODES:
        return config
    return dataclasses.replace(config, record_mode=RecordMode.NONE)


def resolve(*layers: Layer) -> CassetteConfig:
    """The switches of all layers, the strongest first; raises `ConfigError`."""
    config = build_config(*layers)
    for where, switches in layers:
        matching = {name: switches[name] for name in ("match_on", "ignore_json") if switches.get(name)}
        if matching:
            try:
                _check_matching(build_config((where, matching)))
            except ConfigError as error:
                raise ConfigError(f"{where}: {error}") from None
    return config


@lru_cache(maxsize=64)
def _check_matching(config: CassetteConfig) -> None:
    # Imported here: marks without these switches need no matcher before a test runs.
    from pytest_llmcassette.matching import Matcher

    Matcher(config)
