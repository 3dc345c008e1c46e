"""A cassette outside pytest: what it keeps and what it still has to say when the block ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx
import httpx2
import pytest
from servers.hostile import HostileServer, plain

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.context import use_cassette
from pytest_llmcassette.errors import ConfigError, NoCallsError, RequestNotRecorded, UnplayedError
from pytest_llmcassette.provider import find_placeholder, is_placeholder, placeholder_for, variable_of


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with plain() as running:
        yield running


def get(server: HostileServer, route: str) -> int:
    with httpx2.Client(verify=False) as client:
        return client.get(server.url + route).status_code


def get_and_fail(server: HostileServer, route: str) -> None:
    get(server, route)
    raise ZeroDivisionError


def record(server: HostileServer, path: Path, *routes: str) -> Path:
    with use_cassette(path, record_mode="once"):
        for route in routes:
            get(server, route)
    return path


def test_recording_is_kept_only_on_a_clean_exit(server: HostileServer, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "it.yaml"
    with pytest.raises(ZeroDivisionError) as caught, use_cassette(path, record_mode="once"):
        get_and_fail(server, "/json")
    assert not path.exists()
    assert caught.value.__notes__ == [f"The recording {path} was discarded, since this ended its block."]
    record(server, path, "/json")
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), use_cassette(path, record_mode="rewrite"):
        get_and_fail(server, "/stream")
    assert path.read_bytes() == before


def test_unplayed_interactions_are_named(server: HostileServer, tmp_path: Path) -> None:
    path = record(server, tmp_path / "it.yaml", "/json?one", "/json?two")
    with pytest.raises(UnplayedError, match=r"/json\?two") as caught, use_cassette(path):
        get(server, "/json?one")
    assert "/json?one" not in str(caught.value)
    with use_cassette(path, allow_unplayed=True):
        get(server, "/json?two")


@pytest.mark.parametrize(
    ("routes", "offered"), [(["/json?changed"], "rewrite"), (["/json", "/json?two"], "new_episodes")]
)
def test_a_miss_names_the_mode_that_records_it(
    server: HostileServer, tmp_path: Path, routes: list[str], offered: str
) -> None:
    path = tmp_path / "it.yaml"
    with pytest.raises(RequestNotRecorded) as missing, use_cassette(path):
        get(server, "/json")
    assert str(missing.value).endswith(f'Record it: use_cassette("{path}", record_mode="once")')
    record(server, path, "/json")

    def ask() -> None:
        for route in routes:
            get(server, route)

    with pytest.raises(RequestNotRecorded) as missed, use_cassette(path):
        ask()
    assert str(missed.value).endswith(f'Record it: use_cassette("{path}", record_mode="{offered}")')
    with use_cassette(path, record_mode=offered):
        ask()
    with use_cassette(path):
        ask()


def test_a_block_without_calls_is_an_error(server: HostileServer, tmp_path: Path) -> None:
    with pytest.raises(NoCallsError, match="allow_no_calls=True"), use_cassette(tmp_path / "it.yaml"):
        """Sends nothing."""
    with use_cassette(tmp_path / "it.yaml", allow_no_calls=True):
        """Sends nothing, and may."""


def test_swallowed_miss_is_raised_again(server: HostileServer, tmp_path: Path) -> None:
    path = record(server, tmp_path / "it.yaml", "/json")

    def swallowing() -> None:
        try:
            get(server, "/stream")
        except BaseException:
            return

    with pytest.raises(RequestNotRecorded, match="/stream"), use_cassette(path):
        swallowing()


def test_swallowed_miss_does_not_hide_the_blocks_own_error(server: HostileServer, tmp_path: Path) -> None:
    def swallowing_and_failing() -> None:
        with pytest.raises(RequestNotRecorded):
            get(server, "/stream")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), use_cassette(tmp_path / "it.yaml"):
        swallowing_and_failing()


def test_a_failure_under_other_cuts_names_them(server: HostileServer, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "it.yaml", record_mode="once"):
        get(server, "/json")
    for chunking, notes in (("size:40", 1), ("event", 0)):
        with pytest.raises(ZeroDivisionError) as caught, use_cassette(tmp_path / "it.yaml", chunking=chunking):
            get_and_fail(server, "/json")
        told = getattr(caught.value, "__notes__", [])
        assert len(told) == notes
        assert all("size:40" in note and "cut at 40, 80" in note for note in told)


def test_async_and_nested(server: HostileServer, tmp_path: Path) -> None:
    async def main(mode: str) -> None:
        async with use_cassette(tmp_path / "outer.yaml", record_mode=mode), httpx.AsyncClient(verify=False) as client:
            await client.get(server.url + "/json?outer")
            async with use_cassette(tmp_path / "inner.yaml", record_mode=mode):
                await client.get(server.url + "/json?inner")
            await client.get(server.url + "/json?outer=again")

    for mode in ("once", "none"):
        asyncio.run(main(mode))
    assert [one.request.url.partition("?")[2] for one in load(tmp_path / "inner.yaml")] == ["inner"]
    assert [one.request.url.partition("?")[2] for one in load(tmp_path / "outer.yaml")] == ["outer", "outer=again"]
    assert sum(server.hits.values()) == 3


def test_path_may_be_text_relative_or_pathlike(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Named(os.PathLike[str]):
        def __fspath__(self) -> str:
            return "named.yaml"

    monkeypatch.chdir(tmp_path)
    for path in ("text.yaml", Path("path.yaml"), Named()):
        with use_cassette(path, record_mode="once"):
            get(server, "/json")
        assert (tmp_path / os.fspath(path)).exists()


def test_unknown_switch_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="allow_unplayed"):
        use_cassette(tmp_path / "it.yaml", allow_unplaied=True)


def test_a_decorator_without_a_path_says_so() -> None:
    with pytest.raises(ConfigError, match="needs the path of a cassette"):

        @use_cassette  # type: ignore[arg-type]
        def ask() -> None: ...


def test_what_comes_after_the_block_goes_live_again(server: HostileServer, tmp_path: Path) -> None:
    record(server, tmp_path / "it.yaml", "/json")
    assert get(server, "/json") == 200
    assert server.hits["/json"] == 2


@pytest.mark.slow
def test_works_without_httpx2(server: HostileServer, tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["httpx2"] = sys.modules["httpcore2"] = None
import httpx
from pytest_llmcassette.context import use_cassette
for mode in ("once", "none"):
    with use_cassette({str(tmp_path / "it.yaml")!r}, record_mode=mode):
        print(httpx.get({server.url + "/json"!r}, verify=False).status_code)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["200", "200"], run.stderr
    assert server.hits["/json"] == 1


def test_placeholders() -> None:
    key = placeholder_for("OPENAI_API_KEY")
    assert is_placeholder(key)
    assert is_placeholder(f"Bearer {key}")
    assert not is_placeholder("a real one")
    assert variable_of(f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1") == "OPENAI_API_KEY"
    basic = httpx.BasicAuth("user", key)._auth_header.encode()
    assert find_placeholder("https://a.test/", [(b"Authorization", basic)]) == (
        "the header 'Authorization'",
        "OPENAI_API_KEY",
    )
    assert find_placeholder(f"https://a.test/?key={key}", []) == ("the URL's query", "OPENAI_API_KEY")
    assert find_placeholder("https://a.test/", [], f"client_secret={key}".encode()) == ("the body", "OPENAI_API_KEY")
    assert find_placeholder("https://a.test/", [(b"Authorization", b"Basic !!!"), (b"x", b"y")]) is None


def test_nested_in_concurrent_tasks(server: HostileServer, tmp_path: Path) -> None:
    """Each task has its own two, whichever of them was entered last anywhere."""

    async def get_async(route: str) -> None:
        async with httpx2.AsyncClient(verify=False) as client:
            await client.get(server.url + route)

    async def task(name: str, together: asyncio.Barrier) -> None:
        async with use_cassette(tmp_path / f"{name}-outer.yaml", record_mode="once"):
            await get_async(f"/json?before={name}")
            async with use_cassette(tmp_path / f"{name}-inner.yaml", record_mode="once"):
                await together.wait()
                await get_async(f"/json?inside={name}")
                await together.wait()
            await together.wait()
            await get_async(f"/json?after={name}")
            await together.wait()

    async def both() -> None:
        together = asyncio.Barrier(2)
        await asyncio.gather(task("a", together), task("b", together))

    asyncio.run(both())
    found = {
        file.stem: [one.request.url.partition("?")[2] for one in load(file)] for file in sorted(tmp_path.glob("*.yaml"))
    }
    assert found == {
        "a-inner": ["inside=a"],
        "a-outer": ["before=a", "after=a"],
        "b-inner": ["inside=b"],
        "b-outer": ["before=b", "after=b"],
    }
