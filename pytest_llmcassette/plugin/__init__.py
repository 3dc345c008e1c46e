"""The pytest plugin: hooks only. What they do is in the modules beside this one."""

from __future__ import annotations

import sys
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytest_llmcassette
from pytest_llmcassette.plugin import baseline, cassette_report, fixtures, markers, options, xdist
from pytest_llmcassette.plugin.stash import DIFFS, PROVIDER_PROBLEM, RUN

if TYPE_CHECKING:
    from pytest_llmcassette.plugin.entered import EnteredCassettes
    from pytest_llmcassette.redaction import Redact

_RECORDER = "pytest_llmcassette.recorder.recorder"
"""The module without which no request is refused."""


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add_options(parser)
    baseline.add_options(parser)
    cassette_report.add_option(parser.getgroup("llmcassette"))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    options.claim_record_mode(early_config, parser, args)
    if options.blocks_network(early_config):
        from pytest_llmcassette.plugin import blocked

        blocked.install(early_config)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_llmcassette.plugin import hookspecs

    pluginmanager.add_hookspecs(hookspecs)
    # At once: what is registered later overrides a suite's own plugins.
    pluginmanager.register(fixtures, "llmcassette-fixtures")


def pytest_configure(config: pytest.Config) -> None:
    markers.check_neighbours(config)
    markers.register(config)
    options.check_command_line(config)
    cassette_report.check_option(config)
    baseline.check_options(config)
    xdist.register(config)
    if options.closes_loopback(config):
        from pytest_llmcassette.plugin import blocked

        blocked.close_loopback(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "llm_provider" in metafunc.fixturenames:
        # Imported here and below: a run that uses no cassette loads as little as can be.
        from pytest_llmcassette.plugin import providers

        providers.parametrize(metafunc)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    problem = config.stash.get(PROVIDER_PROBLEM, None) or markers.misspelt(config, items)
    ours = [item for item in items if markers.is_marked(item)]
    if problem is None and not ours:
        return
    from pytest_llmcassette.plugin import collection

    try:
        if problem is not None:
            raise pytest.UsageError(problem)
        collection.check(config, ours)
    except pytest.UsageError as error:
        collection.say(config, items, error)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    ours = [item for item in session.items if "llm_snapshot" in getattr(item, "fixturenames", ())]
    if ours:
        from pytest_llmcassette.plugin import syrupy_session

        syrupy_session.claim_files(ours[0])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    outer = pytest_llmcassette.running_test, pytest_llmcassette.redact
    pytest_llmcassette.running_test, pytest_llmcassette.redact = partial(_cassettes_of, item), partial(_redact_of, item)
    try:
        return (yield)
    except BaseException:
        from pytest_llmcassette.plugin import interrupts, syrupy_session

        syrupy_session.interrupted(item)
        if RUN in item.stash:
            interrupts.note_discarded(item, item.stash[RUN].recorders)
        raise
    finally:
        pytest_llmcassette.running_test, pytest_llmcassette.redact = outer
        if RUN in item.stash:
            from pytest_llmcassette.plugin import lifecycle

            lifecycle.finish(item)


def _cassettes_of(item: pytest.Item) -> EnteredCassettes:
    from pytest_llmcassette.plugin import lifecycle

    return lifecycle.running_test(item)


def _redact_of(item: pytest.Item) -> Redact | None:
    from pytest_llmcassette.plugin import redact_hook

    return redact_hook.redact_of(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if markers.is_marked(item) or RUN in item.stash:
        from pytest_llmcassette.plugin import lifecycle

        lifecycle.start(item)
        markers.skip_unsupported(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    from pytest_llmcassette.plugin import scopes

    return (yield from scopes.around_setup(fixturedef, request))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    run = item.stash.get(RUN, None)
    try:
        if run is None and _RECORDER not in sys.modules:
            return (yield)
        from pytest_llmcassette.plugin import groups

        with groups.settled_test(item):
            if run is not None:
                run.check_open()
            return (yield)
    finally:
        # A test without a mark has a run from the moment on that it enters a cassette itself.
        run = item.stash.get(RUN, None)
        if run is not None:
            run.end_of_body()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    if _RECORDER not in sys.modules:
        return (yield)
    from pytest_llmcassette.plugin import groups

    return (yield from groups.around_teardown(item, nextitem))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    run = item.stash.get(RUN, None)
    if run is None and DIFFS not in item.stash and (call.excinfo is None or _RECORDER not in sys.modules):
        return (yield)
    from pytest_llmcassette.plugin import below_failures, groups, secrets, verdict

    failure = groups.settle_report(item, call)
    verdict.advise(item, failure)
    verdict.shorten(item, failure)
    made = yield
    verdict.summarise(None if failure is None else failure.value, made)
    verdict.show_differences(item, made)
    if run is not None:
        below_failures.explain_absent(run, failure, made)
        verdict.revise(run, call, made)
        if made.failed and any(recorder.config.chunking != "event" for recorder in run.recorders):
            below_failures.explain_cuts(run, made)
        secrets.sweep_report(run, made)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
    if hasattr(session.config, "_syrupy"):
        from pytest_llmcassette.plugin import syrupy_session

        syrupy_session.protect(session, exitstatus)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None, object, object]:
    if not hasattr(config, "_syrupy"):
        return (yield)
    from pytest_llmcassette.plugin import syrupy_session

    syrupy_session.before_summary(config)
    result = yield
    for line in syrupy_session.lines(config):
        terminalreporter.write_line(line, yellow=True)
    return result
