"""`--cassette-block-network`: what is sent outside of a cassette; and marks that are nearly ours."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said, slow

OPENAI = "https://api.openai.com/v1/chat/completions"

SUITE = f"""
import contextlib, socket, threading
import httpx, requests
from asking import ask

def send(): httpx.post("{OPENAI}", json={{}})

def test_unmarked(): send()

def test_swallowed():
    with contextlib.suppress(BaseException):
        send()

def test_in_a_thread():
    thread = threading.Thread(target=lambda: test_swallowed())
    thread.start()
    thread.join()

@pytest.mark.xfail
def test_expected(): send()

def test_by_another_library(): requests.post("https://api.anthropic.com/v1/messages", timeout=5)

def test_by_a_socket(): socket.create_connection(("gateway.example.com", 443), timeout=5)

@pytest.fixture
def client(): send()

def test_by_a_fixture(client): pass

@pytest.fixture(scope="module")
def wider(): send()

@pytest.mark.cassette
def test_by_a_wider_fixture(wider): pass

def test_this_machine_passes(): assert ask("past the block")

def test_allowed_host_passes(monkeypatch):
    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: original("127.0.0.1", *rest, **more))
    assert httpx.get("http://proxy.internal:" + os.environ["SERVER"].rpartition(":")[2]).status_code

@pytest.mark.cassette
def test_marked(): assert ask("in the cassette")
"""


def test_outside_of_a_cassette_nothing_is_sent(suite: Suite) -> None:
    suite.test(SUITE)
    suite.file("test_import.py", f"import httpx\nhttpx.get({OPENAI!r})\ndef test_it(): pass\n")
    suite.file("pytest.ini", "[pytest]\nllmcassette_allowed_hosts = *.internal\n")
    result = suite.run("--cassette-block-network", "--record-mode=once", "--continue-on-collection-errors", "-rA")
    text = said(result)
    for name in ("unmarked", "swallowed", "in_a_thread", "expected", "by_another_library", "by_a_socket"):
        assert f"FAILED test_it.py::test_{name}" in text, name
    assert "ERROR test_it.py::test_by_a_fixture" in text
    assert "ERROR test_it.py::test_by_a_wider_fixture" in text
    assert "ERROR test_import.py" in text
    for name in ("this_machine_passes", "allowed_host_passes", "marked"):
        assert f"PASSED test_it.py::test_{name}" in text, name
    for words in (
        f"POST {OPENAI} was not sent: no cassette is in force, and this run blocks the network",
        "api.openai.com is openai's: mark test_it.py::test_unmarked with @pytest.mark.cassette",
        "This was refused, and the code went on:",
        "POST https://api.anthropic.com/v1/messages was not sent: no cassette is in force",
        "Code under test was about to reach gateway.example.com",
        "If this is a call of an LLM, mark test_it.py::test_by_a_socket with @pytest.mark.cassette",
        "No test runs now: send it from a test with @pytest.mark.cassette, or inside use_cassette",
        "To let it through: llmcassette_allowed_hosts = api.openai.com",
    ):
        assert words in text, words
    assert suite.cassettes() == ["cassettes/test_it/test_marked.yaml"]


def test_by_the_ini_file_and_over_again(suite: Suite) -> None:
    """One run's block is gone when the run is over."""
    suite.file("pytest.ini", "[pytest]\nllmcassette_block_network = true\nllmcassette_net_loopback = refuse\n")
    suite.test("def test_it(): ask()")
    result = suite.run()
    assert "no cassette is in force, and this run blocks the network" in said(result)
    assert outcomes(result) == {"failed": 1}
    assert suite.server.calls == 0
    suite.file("pytest.ini", "[pytest]\n")
    assert suite.run().ret == 0
    suite.file("pytest.ini", "[pytest]\nllmcassette_net_loopback = close\n")
    assert "llmcassette_net_loopback takes pass or refuse, not 'close'" in said(suite.run())


NEAR = (
    "casette",
    "cassete",
    "cassettes",
    "Cassette",
    "llm_cassette",
    "llm_cassettes",
    "llmcassette",
    "llm_budgets",
    "llm_require",
    "llm_requries",
    "llm_falt",
)
FAR = ("requires", "budget", "vcr", "asyncio", "slow", "cache", "llm", "llm_slow", "registered_casette")


@pytest.mark.parametrize("near", [NEAR[::4], slow(NEAR)], ids=["every 4th", "all"])
def test_marks_that_are_nearly_ours(suite: Suite, near: tuple[str, ...]) -> None:
    suite.file(
        "pytest.ini", "[pytest]\nmarkers =\n    registered_casette: ours\n    cassettte: registered by its user\n"
    )
    suite.test("\n".join(f"@pytest.mark.{name}\ndef test_{name}(): pass" for name in (*FAR, "cassettte")))
    assert outcomes(suite.run()) == {"passed": len(FAR) + 1}
    for name in near:
        suite.test(f"def test_first(): pass\n@pytest.mark.{name}\ndef test_it(): ask()")
        result = suite.run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR, name
        kinds = {"budget": "llm_budget", "req": "llm_requires", "falt": "llm_fault"}
        meant = next((mark for part, mark in kinds.items() if part in name), "cassette")
        assert f"there is no mark {name!r}. Did you mean @pytest.mark.{meant}?" in said(result)
    assert suite.server.calls == 0
