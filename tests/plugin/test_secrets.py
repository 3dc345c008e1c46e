"""No secret is left in anything that a run writes or shows, and what was recorded replays, whoever has which key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.telling import TellingServer

from plugin.secret_cases import Case, all_cases, traces
from plugin.suite import Suite, outcomes, said

SENDING = """
    import base64, json, os
    import httpx
    import pytest

    from pathlib import Path

    CASES = list(enumerate(json.loads(Path(os.environ["CASES"]).read_text())))
    each_part = pytest.mark.parametrize("part", range(8))

    def send(part):
        with httpx.Client(base_url=os.environ["SERVER"]) as client:
            for number, case in CASES[part::8]:
                body = base64.b64decode(case["body"])
                client.post(case["path"], content=body, headers={**case["headers"], "x-case": str(number)})
                if case["then"]:
                    client.post("/then", headers={**case["then"], "x-case": "-1"})
        return "\\n".join(case["secret"] for _, case in CASES[part::8])

    @each_part
    @pytest.mark.cassette
    def test_all(part, llm_cassette, llm_snapshot):
        send(part)
        assert llm_cassette == llm_snapshot

    @each_part
    @pytest.mark.cassette
    def test_fails(part, llm_cassette, record_property):
        secrets = send(part)
        print(secrets)
        record_property("all", secrets)
        raise AssertionError(secrets)
"""


@pytest.fixture
def telling() -> Iterator[TellingServer]:
    with TellingServer() as server:
        yield server


@pytest.fixture
def cases(
    suite: Suite, telling: TellingServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> list[Case]:
    variables, cases = all_cases()
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
) -> None:
    assert len(cases) >= 150
    recorded = suite.run("--record-mode=once", "--snapshot-update", *LEAVING, wanted=("cacheprovider",))
    assert outcomes(recorded) == {"passed": 8, "failed": 8}
    assert found_in(suite, said(recorded), cases) == []
    live = len(telling.bodies)
    replayed = suite.run("-k", "test_all", *LEAVING)
    assert outcomes(replayed) == {"passed": 8, "deselected": 8}
    assert found_in(suite, said(replayed), cases) == []
    # Somebody with other keys, and none in the environment.
    variables, others = all_cases(2)
    for name in variables:
        monkeypatch.delenv(name)
    tell(others, tmp_path_factory.mktemp("others"), monkeypatch)
    assert outcomes(suite.run("-k", "test_all", wanted=("junitxml",))) == {"passed": 8, "deselected": 8}
    assert len(telling.bodies) == live
