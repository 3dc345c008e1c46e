"""`--cassette-block-network`: in the whole run nothing outside a cassette reaches the network, marked or not."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.protocols.hosts import provider_at
from pytest_llmcassette.recorder import in_force, outside


def install(config: pytest.Config) -> None:
    """Before the first conftest is imported: until the run ends."""
    from pytest_llmcassette import transports

    transports.install(defer_tls=bool(options.ini_value(config, options.DEFER_TLS)))
    reports = _Reports()
    block = reports.block = outside.Block(options.ini_value(config, options.ALLOWED_HOSTS), reports.advice)
    before = in_force.block(block)

    def restore() -> None:
        in_force.block(before)

    config.add_cleanup(restore)
    config.pluginmanager.register(reports, "llmcassette-blocked")


def close_loopback(config: pytest.Config) -> None:
    """`llmcassette_net_loopback = refuse`: this machine is the network, too."""
    config.add_cleanup(partial(setattr, outside.Loopback, "passes", outside.Loopback.passes))
    outside.Loopback.passes = False


class _Reports:
    """What was refused is told, whatever the code under test has made of it."""

    block: outside.Block

    def __init__(self) -> None:
        self._test = ""

    def advice(self, host: str) -> str:
        """What is missing, where the host is known to be a provider's; how to let it through."""
        provider = provider_at(host)
        known = f"{host} is {provider}'s: mark" if provider != host else "If this is a call of an LLM, mark"
        missing = (
            f"{known} {self._test} with @pytest.mark.cassette, so that it replays a cassette, or records one."
            if self._test
            else "No test runs now: send it from a test with @pytest.mark.cassette, or inside use_cassette."
        )
        return f"{missing}\nTo let it through: {options.ALLOWED_HOSTS} = {host}"

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Whose requests the next ones are."""
        self._test = nodeid

    def pytest_runtest_logfinish(self) -> None:
        """Nobody's, from here on."""
        self._test = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._tell(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        self._tell(report)
        return report

    def _tell(self, report: Any) -> None:
        refused, self.block.refused = self.block.refused, []
        if refused and (not report.failed or hasattr(report, "wasxfail")):
            # A refusal is no expected failure, and no reason to skip.
            report.__dict__.pop("wasxfail", None)
            report.outcome = "failed"
            report.longrepr = f"This was refused, and the code went on:\n{refused[0]}"
