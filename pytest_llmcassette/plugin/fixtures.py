"""The fixtures; see docs/reference.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmcassette.plugin.stash import DIFFS, OPENER, RUN

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from pytest_llmcassette.llm_cassette import LlmCassette
    from pytest_llmcassette.plugin.cassettes_by_name import LlmCassettes
    from pytest_llmcassette.plugin.faults import LlmFaults
    from pytest_llmcassette.plugin.lifecycle import TestRun
    from pytest_llmcassette.provider import Provider
    from pytest_llmcassette.snapshot.fixture import LlmSnapshotAssertion


@pytest.fixture(name=OPENER)
def open_cassette(request: pytest.FixtureRequest) -> None:
    """Opens the test's cassette; the plugin puts it before every other fixture of a marked test."""
    from pytest_llmcassette.errors import CassetteError

    try:
        request.node.stash[RUN].open_marked(request)
    except CassetteError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def llm_cassette(request: pytest.FixtureRequest) -> LlmCassette:
    """The marked test's cassette: path, mode, requests, interactions, transcript(s), usage, usage_by_model."""
    run: TestRun | None = request.node.stash.get(RUN, None)
    if run is None or run.mark is None:
        pytest.fail(
            f"{request.node.nodeid} uses the fixture llm_cassette, but has no cassette: mark the test, its class or "
            "its module with @pytest.mark.cassette.",
            pytrace=False,
        )
    if run.recorder is None:
        pytest.fail(
            "The fixtures llm_cassette_config, llm_cassette_dir and llm_cassette_name decide what the cassette is, so "
            "they cannot use llm_cassette. Take llm_provider or request instead.",
            pytrace=False,
        )
    from pytest_llmcassette.llm_cassette import LlmCassette

    return LlmCassette(run.recorder)


@pytest.fixture
def llm_cassettes(request: pytest.FixtureRequest, llm_cassette_dir: Path) -> LlmCassettes:
    """Cassettes that the test enters itself, by their names: `with llm_cassettes.use_cassette("greeting"):`."""
    from pytest_llmcassette.plugin.cassettes_by_name import LlmCassettes

    return LlmCassettes(request.node, request.path.parent / llm_cassette_dir)


@pytest.fixture
def llm_faults(request: pytest.FixtureRequest) -> LlmFaults:
    """Faults for a part of the test: `llm_faults.next("http_429")`, `with llm_faults("reset", bytes=100):`."""
    from pytest_llmcassette.plugin.faults import LlmFaults, injections_of

    injections = injections_of(request.node)
    if injections is None:
        pytest.fail(
            "llm_faults was asked for by request.getfixturevalue, when the cassette was open already and might have "
            "recorded. Name it among the test's or a fixture's arguments.",
            pytrace=False,
        )
    return LlmFaults(injections)


@pytest.fixture
def llm_snapshot(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> LlmSnapshotAssertion:
    """A syrupy snapshot that knows conversations: `assert llm_cassette == llm_snapshot`."""
    from pytest_llmcassette.plugin.faults import injections_of
    from pytest_llmcassette.plugin.naming import name_of
    from pytest_llmcassette.snapshot.fixture import Hooks, llm_snapshot_from

    def note_mismatch() -> None:
        # A test that enters its cassettes itself has its run from then on.
        run: TestRun | None = request.node.stash.get(RUN, None)
        if run is not None:
            run.note_mismatch()

    request.node.stash[DIFFS] = []
    injections = injections_of(request.node)
    skips = None if injections is None else injections.skips_snapshot
    hooks = Hooks(note_mismatch, request.node.stash[DIFFS].append, skips)
    return llm_snapshot_from(snapshot, hooks, test=name_of(request.node))


@pytest.fixture
def llm_cassette_config() -> Mapping[str, Any]:
    """Override it to set switches for the tests below a conftest, in a module or in a class."""
    return {}


@pytest.fixture
def llm_cassette_dir(request: pytest.FixtureRequest) -> Path:
    """The folder of the cassettes. Override it: a relative path is relative to the test's own folder."""
    from pytest_llmcassette.plugin.session import session_of

    return Path(request.path.parent, session_of(request.config).template.folder)


@pytest.fixture
def llm_cassette_name(request: pytest.FixtureRequest) -> str:
    """The cassette's name: relative to `llm_cassette_dir`, without suffix, may contain `/`. Override it to choose."""
    from pytest_llmcassette.plugin import naming
    from pytest_llmcassette.plugin.markers import cassette_mark
    from pytest_llmcassette.plugin.session import session_of

    mark = cassette_mark(request.node)
    return naming.name_for(request.node, session_of(request.config).template, None if mark is None else mark.name)


@pytest.fixture(scope="session")
def llm_provider(request: pytest.FixtureRequest) -> Provider:
    """One provider of the nearest conftest's `pytest_llmcassette_providers`; the test runs once for each."""
    provider: Provider | None = getattr(request, "param", None)
    if provider is None:
        pytest.fail(
            "llm_provider was asked for by request.getfixturevalue, when it was too late to run the test once for each "
            "provider. Name it among the test's or a fixture's arguments.",
            pytrace=False,
        )
    return provider
