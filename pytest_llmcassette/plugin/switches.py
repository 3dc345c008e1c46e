"""A test's switches, merged from their layers; a mistake names the layer that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pytest_llmcassette.config import CassetteConfig, build_config
from pytest_llmcassette.errors import ConfigError

Layer = tuple[str, Mapping[str, Any]]
"""What the layer is called in an error, and its switches."""


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
