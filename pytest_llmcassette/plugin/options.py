"""Command line and ini options, and what they say."""

from __future__ import annotations

import argparse
import copy
from typing import Any, Literal

import pytest

from pytest_llmcassette.plugin.stash import FLAG_IS_OURS

DEFAULT_PATH = "cassettes/{module}/{provider}/{class}.{test}[{params}].yaml"
PATH = "llmcassette_path"
DEFER_TLS = "llmcassette_defer_tls"
BLOCK = "cassette_block_network"
ALLOWED_HOSTS = "llmcassette_allowed_hosts"
_BLOCK_INI = "llmcassette_block_network"
_LOOPBACK = "llmcassette_net_loopback"
IGNORE_PARAMS = "llmcassette_ignore_params"

PROVE = "cassette_prove"
PROOF_FILE = "cassette_prove_into"
_PROVE_INI = "llmcassette_prove"

FAULTS = "--cassette-faults"
FAULTS_JSON = "--cassette-faults-json"
FAULTS_BASELINE = "--cassette-faults-baseline"
FAULTS_BASELINE_UPDATE = "--cassette-faults-baseline-update"
FAULTS_BASELINE_INI = "llmcassette_faults_baseline"
FAULTS_CHILD = "--cassette-faults-child"

_MODES = "none, once, new_episodes, all, rewrite"
_OWN = "llmcassette_record_mode_option"
_SHARED = "record_mode"
_CHUNKINGS = "event, recorded, whole, byte, random:SEED, size:N"
_TIMINGS = "instant, recorded, a factor (x10), a model (ttft=0.4,tps=80)"
_OF_REPLAY = {"chunking": ("CHUNKING", _CHUNKINGS), "timing": ("TIMING", _TIMINGS)}
"""The switches beside the record mode that the command line has, too."""

SWITCHES: dict[str, tuple[Literal["string", "args", "bool", "linelist"], str]] = {
    "record_mode": ("string", f"the record mode where command line, marker and fixture name none: {_MODES}"),
    "match_on": ("args", "what must be equal: method, scheme, host, port, path, query, url, body, header:NAME"),
    "ignore_json": ("args", "paths of JSON values that do not decide a match"),
    "allow_unplayed": ("bool", "let recorded interactions stay unplayed"),
    "allow_no_calls": ("bool", "let a marked test make no call"),
    "allow_repeats": ("bool", "let the last of equal recordings play again and again"),
    "record_errors": ("bool", "keep transient failures that were retried"),
    "record_timing": ("bool", "store when each piece of a stream arrived"),
    "chunking": ("string", f"where the pieces of an answer end: {_CHUNKINGS}"),
    "timing": ("string", f"when the pieces come: {_TIMINGS}"),
    "ignore_hosts": ("args", "hosts whose traffic passes unrecorded: host, host:port, *.suffix"),
    "keep_request_headers": ("args", "request headers to write beside the built-in ones"),
    "keep_response_headers": ("args", "response headers to write beside the built-in ones"),
    "secret_query": ("args", "query parameters to redact beside the built-in ones"),
    "secret_fields": ("args", "body fields to redact beside the built-in ones"),
    "secret_patterns": ("linelist", "regular expressions, a line each: what they match is redacted wherever it stands"),
    "snapshot_headers": ("args", "live request headers to show in snapshots beside the protocol's"),
}
"""The switches of `CassetteConfig` as ini options: type and help. Not derived from it: every pytest start pays here."""


def add_options(parser: pytest.Parser) -> None:
    """Everything but `--record-mode`, which `claim_record_mode` adds."""
    group = parser.getgroup("llmcassette", "cassettes of LLM conversations")
    group.addoption(
        "--llmcassette-record-mode",
        dest=_OWN,
        metavar="MODE",
        help=f"record mode of pytest-llmcassette alone, beats --record-mode: {_MODES}",
    )
    group.addoption(
        "--cassette-prove",
        action="store_true",
        dest=PROVE,
        help="replay what this run has recorded at its end, offline, in a process of its own; what fails there fails "
        "the run",
    )
    for name, (value, allowed) in _OF_REPLAY.items():
        group.addoption(
            f"--cassette-{name}",
            metavar=value,
            help=f"{SWITCHES[name][1].partition(':')[0]}, on replay, for all tests: {allowed}",
        )
    # What that process is told beside: where to leave its result.
    group.addoption("--cassette-prove-into", dest=PROOF_FILE, help=argparse.SUPPRESS)
    _add_network_options(group, parser)
    parser.addini(_PROVE_INI, "prove every recording, as --cassette-prove does", type="bool")
    _add_fault_options(group, parser)
    parser.addini(
        PATH,
        "where cassettes are, relative to the test's folder; may hold {module}, {provider}, {class}, {test}, {params}, "
        "{scenario} (the test's name without test_), {innermost_class}, {name} (with all parameters) and {raw_name}",
        default=DEFAULT_PATH,
    )
    parser.addini(
        IGNORE_PARAMS,
        "parameters that are part of no cassette's and no snapshot's name, beside those of plugins that repeat tests",
        type="args",
    )
    parser.addini(DEFER_TLS, "make TLS contexts of httpx clients only when they are used", type="bool", default=True)
    for name, (kind, text) in SWITCHES.items():
        parser.addini(f"llmcassette_{name}", text, type=kind, default=None)


def _add_network_options(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    group.addoption(
        "--cassette-block-network",
        action="store_true",
        dest=BLOCK,
        help="in the whole run, refuse what is sent outside of a cassette, unless its host is allowed",
    )
    parser.addini(_BLOCK_INI, "always, as --cassette-block-network does", type="bool")
    parser.addini(
        ALLOWED_HOSTS,
        "hosts that may be reached all the same, beside this machine: host, host:port, *.suffix",
        type="args",
    )
    parser.addini(
        _LOOPBACK,
        "pass, or refuse: whether sockets to this machine may be connected past a cassette that only replays",
        default="pass",
    )


def _add_fault_options(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    group.addoption(
        FAULTS,
        nargs="?",
        const="all",
        metavar="NAMES",
        help="take each test that replays and passes through faults made of its recording: all of them, or NAMES of "
        "faults and groups (stream, response, recover, notice, show); each: on every exchange that they fit",
    )
    group.addoption(FAULTS_JSON, metavar="FILE", help="write what became of each test under each fault")
    group.addoption(FAULTS_BASELINE, metavar="FILE", help="accept, fault by fault, the findings in FILE")
    group.addoption(FAULTS_BASELINE_UPDATE, action="store_true", help="write the findings that there are to that file")
    # A run of one test under one fault, whose end is another process's to see to.
    group.addoption(FAULTS_CHILD, action="store_true", help=argparse.SUPPRESS)
    parser.addini(FAULTS_BASELINE_INI, "the file of --cassette-faults-baseline, relative to the ini file")


def claim_record_mode(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Add `--record-mode` unless a neighbour owns it.

    pytest-recording and cassetter register it as well, in an order that is not ours to choose, and two owners of one
    flag kill pytest at start. This is the first moment at which all plugins have registered theirs.
    """
    if hasattr(parser.parse_known_and_unknown_args([])[0], _SHARED):
        return
    early_config.stash[FLAG_IS_OURS] = True
    parser.getgroup("llmcassette").addoption(
        "--record-mode", dest=_SHARED, metavar="MODE", help=f"what may be recorded: {_MODES}"
    )
    again = parser.parse_known_args(args, namespace=copy.copy(early_config.option))
    # The early parse did not know the flag and took the word behind it for a path. Only these two may be mended: the
    # rest of that namespace has been adjusted since (confcutdir).
    early_config.known_args_namespace.file_or_dir = again.file_or_dir
    setattr(early_config.known_args_namespace, _SHARED, getattr(again, _SHARED))


def command_line(config: pytest.Config) -> tuple[str, str | None]:
    """The flag that decides and the mode it names, unchecked; None when no flag was given."""
    own: str | None = config.getoption(_OWN, None)
    if own is not None:
        return "--llmcassette-record-mode", own
    return "--record-mode", "none" if neighbours_mode(config) else config.getoption(_SHARED, None)


def neighbours_mode(config: pytest.Config) -> str | None:
    """The mode, such as cassetter's `verify`, that only the neighbour knows whose flag decides; None for one of ours.

    The neighbour has checked it. Our tests replay then: what it means to the network is not for us to guess.
    """
    mode: str | None = config.getoption(_SHARED, None)
    if mode is None or config.getoption(_OWN, None) is not None or FLAG_IS_OURS in config.stash:
        return None
    return None if mode in _MODES.split(", ") else mode


def of_replay(config: pytest.Config) -> dict[str, tuple[str, str]]:
    """The flag and the value, unchecked, of each other switch that the command line gives."""
    given = {name: config.getoption(f"cassette_{name}", None) for name in _OF_REPLAY}
    return {name: (f"--cassette-{name}", value) for name, value in given.items() if value is not None}


def check_command_line(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` for a mode or another value that does not exist, an option without one it needs."""
    if config.getoption(FAULTS) is None:
        for name in (FAULTS_JSON, FAULTS_BASELINE, FAULTS_BASELINE_UPDATE):
            if config.getoption(name):
                raise pytest.UsageError(f"{name} says what to do with the results of {FAULTS}: name that as well.")
    given, (mode_flag, mode) = of_replay(config), command_line(config)
    if not given and mode is None:
        return
    from pytest_llmcassette.config import parse_record_mode, parse_words
    from pytest_llmcassette.errors import ConfigError

    hint = ""
    try:
        for name, (flag, value) in given.items():
            parse_words(flag, name, value)
        hint = "" if mode_flag.startswith("--llm") else " For pytest-llmcassette alone: --llmcassette-record-mode."
        if mode is not None:
            parse_record_mode(mode_flag, mode)
    except ConfigError as error:
        raise pytest.UsageError(f"{error}{hint}") from None


def blocks_network(early_config: pytest.Config) -> bool:
    """Whether what is sent outside of a cassette is refused; asked before anything is imported."""
    return bool(getattr(early_config.known_args_namespace, BLOCK, False) or ini_value(early_config, _BLOCK_INI))


def closes_loopback(config: pytest.Config) -> bool:
    """Whether sockets to this machine are refused as well; raises `pytest.UsageError` for a word that means neither."""
    value = ini_value(config, _LOOPBACK)
    if value not in ("pass", "refuse"):
        raise pytest.UsageError(f"{_LOOPBACK} takes pass or refuse, not {value!r}.")
    return bool(value == "refuse")


def proves(config: pytest.Config) -> bool:
    """Whether what this run records is to be replayed at its end."""
    return bool(config.getoption(PROVE) or ini_value(config, _PROVE_INI))


def ini_switches(config: pytest.Config) -> dict[str, Any]:
    """The switches that the ini file sets; raises `pytest.UsageError` for a value of the wrong type."""
    found = {name: ini_value(config, f"llmcassette_{name}") for name in SWITCHES}
    return {name: value for name, value in found.items() if value is not None and value != ""}


def ini_value(config: pytest.Config, name: str) -> Any:
    """The value of one of our ini options."""
    try:
        return config.getini(name)
    except (TypeError, ValueError) as error:
        # Which of the two depends on pytest's version, and uncaught it is an internal error in the older ones.
        raise pytest.UsageError(f"The ini option {name} cannot be read: {error}") from None
