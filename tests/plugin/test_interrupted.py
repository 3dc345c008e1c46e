"""A run that is stopped while a test records: nothing stays but what was there, and the run says what is lost."""

from __future__ import annotations

import gzip
import os
import signal
from pathlib import Path

import pytest

from plugin.suite import ANY_TRANSPORT, Suite, said

pytestmark = ANY_TRANSPORT

SUITE = """
import os, signal, time

@pytest.fixture
def torn_down():
    yield
    print("TORN DOWN")

@pytest.mark.cassette
def test_kept(): ask("kept")

@pytest.mark.cassette
def test_lost(torn_down):
    ask("lost")
    os.kill(os.getpid(), getattr(signal, os.environ["SIGNAL"]))
    time.sleep(5)

@pytest.mark.cassette
def test_never(): ask("never")
"""


@pytest.mark.parametrize("name", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.slow)])
def test_stopped_while_recording(suite: Suite, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(SUITE)
    monkeypatch.setenv("SIGNAL", name)
    before = signal.getsignal(signal.SIGTERM)
    # Python's own end of a process is seen with the other.
    run = suite.run if name == "SIGTERM" else suite.run_alone
    result = run("--record-mode=once", "-s")
    assert signal.getsignal(signal.SIGTERM) is before
    assert result.ret == pytest.ExitCode.INTERRUPTED
    lost = Path("cassettes", "test_it", "test_lost.yaml")
    assert f"recording discarded, since test_it.py::test_lost was interrupted: {suite.path / lost}" in said(result)
    assert "TORN DOWN" in said(result)
    assert suite.cassettes() == ["cassettes/test_it/test_kept.yaml"]
    assert not [name for name in os.listdir((suite.path / lost).parent) if not name.endswith(".yaml")]


def test_a_handler_of_the_users_own_stays(suite: Suite) -> None:
    suite.test(
        """
        import signal

        @pytest.mark.cassette
        def test_default():
            assert callable(signal.getsignal(signal.SIGTERM))
            ask()

        def test_after(): assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

        @pytest.fixture
        def own():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            yield
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

        @pytest.mark.cassette
        def test_own(own):
            ask()
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        """
    )
    result = suite.run("--record-mode=once")
    assert result.ret == 0, said(result)
    suite.test(
        """
        import signal

        @pytest.mark.cassette
        def test_own():
            ask()
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        """
    )
    result = suite.run()
    assert result.ret == 0, said(result)


@pytest.mark.slow
def test_an_answer_that_inflates_without_limit(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded or replayed, the test fails and the file stays as it was."""
    monkeypatch.setenv("LLMCASSETTE_MAX_BODY_MB", "1")
    suite.file("zeros.gz", "").write_bytes(gzip.compress(b"0" * (3 << 19)))
    suite.test(
        """
        import http.server, threading, httpx

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments): pass
            def do_GET(self):
                body = open("zeros.gz", "rb").read()
                self.send_response(200)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        @pytest.mark.cassette(match_on=["path"])
        def test_it():
            with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
                threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
                try:
                    httpx.get(f"http://127.0.0.1:{server.server_port}/zeros")
                finally:
                    server.shutdown()
        """
    )
    result = suite.run("--record-mode=once")
    for text in (
        "a body in Content-Encoding gzip inflates to more than 1 MB",
        "raise the limit: LLMCASSETTE_MAX_BODY_MB=4 in the environment",
        "1 failed",
    ):
        assert text in said(result)
    assert suite.cassettes() == []
    monkeypatch.delenv("LLMCASSETTE_MAX_BODY_MB")
    assert suite.run("--record-mode=once").ret == 0
    [name] = suite.cassettes()
    text = (suite.path / name).read_text()
    assert len(text) > 3 << 19, "stored decoded"
    os.remove(suite.path / "zeros.gz")
    assert suite.run().ret == 0
