"""No secret is left in anything that a run writes or shows, and what was recorded replays, whoever has which key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from servers.telling import Reply, TellingServer

from plugin.secret_cases import Case, all_cases, traces
from plugin.suite import Suite, outcomes, said

SENDING = """
    import base64, json, os
    import httpx
    import pytest

    from pathlib import Path

    CASES = list(enumerate(json.loads(Path(os.environ["CASES"]).read_text())))
    each_part = pytest.mark.parametrize("part", range(16))

    def send(part):
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            for number, case in CASES[part::16]:
                body = base64.b64decode(case["body"])
                client.post(case["path"], content=body, headers={**case["headers"], "x-case": str(number)})
                if case["then"]:
                    client.post("/then", headers={**case["then"], "x-case": "-1"})
        return "\\n".join(case["secret"] for _, case in CASES[part::16])

    @each_part
    @pytest.mark.cassette
    def test_all(part, llm_cassette, llm_snapshot, record_property):
        secrets = send(part)
        # An answer's secrets are in no recording: on replay nothing but this could show them.
        if "SHOW" in os.environ:
            print(secrets)
            record_property("all", secrets)
        assert llm_cassette == llm_snapshot

    @pytest.mark.cassette
    def test_fails():
        raise AssertionError(send(0))
"""


@pytest.fixture
def telling() -> Iterator[TellingServer]:
    with TellingServer() as server:
        yield server


@pytest.fixture
def cases(
    suite: Suite,
    telling: TellingServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    every: int,
) -> list[Case]:
    variables, cases = all_cases()
    assert len(cases) >= 150
    # A quarter of them for those who wait: some of each kind.
    cases = cases[:: max(1, every // 2)]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SERVER", telling.url)
    telling.replies = {number: case.reply for number, case in enumerate(cases)}
    suite.test(SENDING)
    tell(cases, tmp_path_factory.mktemp("cases"), monkeypatch)
    return cases


def tell(cases: list[Case], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the suite, what to send, in a file that is no part of it."""
    file = folder / "cases.json"
    file.write_text(json.dumps([case.told() for case in cases]), "utf-8")
    monkeypatch.setenv("CASES", str(file))


def found_in(suite: Suite, shown: str, cases: list[Case]) -> list[str]:
    """Which secrets are where."""
    texts = {"the terminal": shown}
    for file in suite.path.rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".pyc"):
            texts[file.relative_to(suite.path).as_posix()] = file.read_bytes().decode("latin-1")
    assert len(texts) > 4
    return [
        f"{case.place} in {where}"
        for where, text in texts.items()
        for case in cases
        if any(trace in text for trace in traces(case.secret))
    ]


LEAVING = (
    "--junitxml=junit.xml",
    "-o",
    "junit_logging=all",
    "-o",
    "junit_family=xunit1",
    "-rA",
    "--cassette-report=page.html",
    "-o",
    "cache_dir=c",
)


def test_none_of_150_secrets_is_left_and_all_are_replayed(
    suite: Suite,
    cases: list[Case],
    telling: TellingServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    every: int,
) -> None:
    monkeypatch.setenv("SHOW", "1")
    recorded = suite.run("--record-mode=once", "--snapshot-update", *LEAVING, wanted=("cacheprovider",))
    assert outcomes(recorded) == {"passed": 16, "failed": 1}
    assert found_in(suite, said(recorded), cases) == []
    monkeypatch.delenv("SHOW")
    live = len(telling.bodies)
    replayed = suite.run("-k", "test_all", "-rA", wanted=("junitxml",))
    assert outcomes(replayed) == {"passed": 16, "deselected": 1}
    assert found_in(suite, said(replayed), cases) == []
    # Somebody with other keys, and none in the environment.
    variables, others = all_cases(2)
    for name in variables:
        monkeypatch.delenv(name)
    tell(others[:: max(1, every // 2)], tmp_path_factory.mktemp("others"), monkeypatch)
    assert outcomes(suite.run("-k", "test_all", wanted=("junitxml",))) == {"passed": 16, "deselected": 1}
    assert len(telling.bodies) == live


@pytest.mark.slow
@pytest.mark.parametrize("every", [1])
def test_the_same_on_two_workers(suite: Suite, cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOW", "1")
    recorded = suite.run_alone("--record-mode=once", "--snapshot-update", *LEAVING, "-n2", wanted=("xdist",))
    assert outcomes(recorded) == {"passed": 16, "failed": 1}
    assert found_in(suite, said(recorded), cases) == []


LATE = """
    import os
    import httpx
    import pytest

    KEY = os.environ.get("LATE", "Vq7f2mB9xK4tLw8sPz3d")

    @pytest.fixture
    def session():
        yield
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            client.post("/close", headers={"x-session-token": KEY})

    @pytest.mark.cassette
    def test_in_a_fixture(session, llm_cassette, llm_snapshot):
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            client.post("/open/7", json={"session": KEY, "say": f"I am {KEY}."})
        assert llm_cassette == llm_snapshot

    @pytest.mark.cassette
    def test_fails_before(session):
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            client.post("/open/8", json={"session": KEY})
        print(KEY)
        assert KEY == 1
"""


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_what_a_fixture_s_teardown_shows_to_be_secret(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    suite.test(LATE)
    run = partial(suite.run_alone, f"-n{workers}") if workers else suite.run
    recorded = run("--record-mode=once", "--snapshot-update", *LEAVING)
    assert outcomes(recorded) == {"passed": 1, "failed": 1}
    late = Case("late", "Vq7f2mB9xK4tLw8sPz3d")
    assert found_in(suite, said(recorded), [late]) == []
    for key in (late.secret, "somebody-else-s-session-0", "short"):
        monkeypatch.setenv("LATE", key)
        assert outcomes(suite.run("-k", "in_a_fixture")) == {"passed": 1, "deselected": 1}
    ambr = (suite.path / "__snapshots__" / "test_it.ambr").read_text()
    assert 'session: "REDACTED"' in ambr
    assert "I am REDACTED." in ambr


def test_a_miss_shows_nothing_of_what_stands_for_a_secret(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.test(LATE)
    suite.run("--record-mode=once", "--snapshot-update", "-k", "in_a_fixture")
    suite.file("test_it.py", LATE.replace("I am", "Now I am"))
    monkeypatch.setenv("LATE", "kJ8sLq2mVx7ePz4tYb9n")
    missed = said(suite.run("-k", "in_a_fixture"))
    assert 'recorded: "I am REDACTED."' in missed
    assert "session" not in missed.partition("It differs in")[2].partition("Record it")[0]


OWN = """
    import os
    import re
    import httpx
    import pytest

    @pytest.mark.cassette(secret_patterns=[r"tenant-(\\d+)"], keep_request_headers=["x-tenant"])
    def test_it(llm_cassette, llm_snapshot):
        tenant = os.environ.get("TENANT", "4711")
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            headers = {"x-tenant": f"tenant-{tenant}", "x-case": "0"}
            body = {"who": f"tenant-{tenant}", "ssn": os.environ.get("SSN", "078-05-1120")}
            client.post(f"/of/tenant-{tenant}", json=body, headers=headers)
        assert llm_cassette == llm_snapshot
"""


def test_a_user_s_own_rules(suite: Suite, telling: TellingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER", telling.url)
    stream = b'data: {"for": "tenant-4711"}\n\ndata: {"ssn": "078-05-1120"}\n\n'
    telling.replies[0] = Reply([stream], {"Content-Type": "text/event-stream"})
    suite.file("sub/test_it.py", OWN)
    suite.file(
        "conftest.py",
        """
        import re
        places = set()

        def pytest_llmcassette_redact(text, place):
            places.add(place)
            return re.sub(r"\\d{3}-\\d\\d-\\d{4}", "<ssn>", text)

        def pytest_terminal_summary(terminalreporter):
            terminalreporter.write_line(f"places: {sorted(places)}")
        """,
    )
    suite.file("sub/conftest.py", "def pytest_llmcassette_redact(text):\n    return None if 'data' in text else text\n")
    recorded = suite.run("--record-mode=once", "--snapshot-update", "sub")
    assert outcomes(recorded) == {"passed": 1}
    assert "places: ['body', 'event', 'header:Accept', " in said(recorded)
    written = (suite.path / "sub/cassettes/test_it/test_it.yaml").read_text()
    assert "tenant-4711" not in written
    assert "078" not in written
    assert '"ssn":"<ssn>"' in written
    assert 'data: {"ssn": "<ssn>"}' in written
    assert "/of/tenant-REDACTED" in written
    # Whoever it is: what the rules take out decides no match.
    monkeypatch.setenv("TENANT", "42")
    monkeypatch.setenv("SSN", "219-09-9999")
    assert outcomes(suite.run("sub")) == {"passed": 1}


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (
            "def pytest_llmcassette_redact(text):\n    raise KeyError('mine')",
            "conftest.py, line 2, in pytest_llmcassette",
        ),
        ("def pytest_llmcassette_redact(text):\n    return text.encode()", "conftest.py returned bytes for 'header:"),
    ],
)
def test_a_hook_that_fails_is_the_user_s(suite: Suite, hook: str, told: str) -> None:
    suite.test("@pytest.mark.cassette\ndef test_it(): ask()")
    suite.file("conftest.py", hook)
    shown = said(suite.run("--record-mode=once"))
    assert told in shown
    assert "A fault of pytest-llmcassette" not in shown


@pytest.mark.parametrize(("pattern", "told"), [("a(", "is no regular expression"), ("x*", "matches the empty text")])
def test_a_pattern_that_cannot_be_used(suite: Suite, pattern: str, told: str) -> None:
    suite.test(f"@pytest.mark.cassette(secret_patterns=[{pattern!r}])\ndef test_it(): ask()")
    assert f"secret_patterns: {pattern!r} {told}" in said(suite.run())


def test_patterns_of_the_ini_file(suite: Suite) -> None:
    suite.test(
        "@pytest.mark.cassette\ndef test_it(llm_cassette):\n    ask('I am u-77')\n    print(llm_cassette.requests)"
    )
    suite.file("pytest.ini", "[pytest]\nllmcassette_secret_patterns =\n    u-\\d+\n    v \\d+\n")
    shown = said(suite.run("--record-mode=once", "-rA"))
    assert '"say":"I am REDACTED"' in shown


REFUSED = """
    import os
    import threading
    import httpx
    import pytest
    import urllib.request

    KEY = os.environ["ACME_BOT_TOKEN"]
    SHAPE = "sk-proj-Ab1Cd2Ef3Gh4Jk5Lm6Np7Qr8"
    BASE = f"http://me:Hunter2x9Pq7@127.0.0.1:9/bot{KEY}/{SHAPE}?who=W8kTz3vNq6Lm1Rs4"
    LATER = []

    def send(**more):
        with httpx.Client() as client:
            client.post(BASE, **more)

    @pytest.fixture(scope="module")
    def wide():
        try:
            send()
        except BaseException as error:
            return str(error)

    @pytest.mark.cassette
    def test_guard():
        urllib.request.urlopen(BASE)

    @pytest.mark.cassette
    def test_suspended(wide):
        print("suspended:", wide)
        assert "belongs to no single test" not in wide

    @pytest.mark.cassette
    def test_guard_suspended(request):
        request.getfixturevalue("wide_guard")

    @pytest.fixture(scope="module")
    def wide_guard():
        urllib.request.urlopen(BASE)

    @pytest.mark.cassette(record_mode="once")
    def test_placeholder():
        send(headers={"x-api-key": "llmcassette-placeholder-ACME_API_KEY"})

    @pytest.mark.cassette
    def test_websocket():
        import httpcore
        httpcore.request("GET", BASE.replace("http:", "ws:"))

    @pytest.mark.cassette
    def test_fault(monkeypatch):
        from pytest_llmcassette.recorder.recorder import Recorder
        def broken(*_): raise OSError(f"no route to {BASE}")
        monkeypatch.setattr(Recorder, "_decide", broken)
        send()

    @pytest.mark.cassette
    def test_miss():
        send()

    @pytest.mark.cassette
    def test_closed(llm_cassette):
        from pytest_llmcassette.recorder.requests import LiveRequest
        llm_cassette._recorder.closed = True
        llm_cassette._recorder.request(LiveRequest("POST", BASE, [], b""))
"""


def test_a_refusal_shows_no_more_than_a_miss_does(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_BOT_TOKEN", "1234567890:AAxQ7mZ2kT9wLrV4pY8sNd3fHc6j")
    suite.file("test_it.py", REFUSED)
    refused = suite.run("--tb=short")
    assert outcomes(refused) == {"failed": 8}
    shown = said(refused)
    for secret in ("AAxQ7mZ2kT9", "Ab1Cd2Ef3Gh4", "Hunter2x9"):
        assert secret not in shown, secret
    for text in (
        "through urllib.request",
        "placeholder in the header",
        "is a WebSocket",
        "no route to",
        "is over and its",
    ):
        assert text in shown, text
    # But for the query, which a miss shows as a recording would have it.
    assert shown.count("/botREDACTED/REDACTED") - shown.count("/botREDACTED/REDACTED?who=") >= 6
