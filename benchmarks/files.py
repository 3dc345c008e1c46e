"""Reading and writing cassettes."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders import OURS
from benchmarks.measure import Figure, alternate
from benchmarks.table import compared, table
from benchmarks.workload import BODIES

SAVED = 200


def _made_up(count: int) -> list:  # type: ignore[type-arg]
    from pytest_llmcassette.cassette.model import Interaction, Request, Response

    body = next(iter(BODIES.values()))
    return [
        Interaction(
            request=Request(
                method="POST",
                url="https://api.example.com/v1/chat/completions",
                headers={"Content-Type": ["application/json"]},
                body=b'{"messages":[{"role":"user","content":"call %d"}],"stream":true}' % number,
            ),
            response=Response(headers={"Content-Type": ["text/event-stream"]}, body=body, duration_ns=412_500_000),
        )
        for number in range(count)
    ]


def _folders(scratch: Path) -> dict[str, list[Path]]:
    """Own-layout and foreign files: the corpus where LLMCASSETTE_CORPUS names it, else made-up ones."""
    corpus = os.environ.get("LLMCASSETTE_CORPUS")
    if corpus and Path(corpus).is_dir():
        root = Path(corpus)
        return {
            "own layout (corpus)": sorted((root / "fantasy").rglob("*.yaml")),
            "VCR.py files (corpus)": [path for path in sorted((root / "vcrpy").rglob("*.yaml")) if _is_http(path)],
        }
    from pytest_llmcassette.cassette.files import save

    path = scratch / "made-up.yaml"
    save(path, _made_up(50))
    return {"own layout (made up)": [path]}


def _is_http(path: Path) -> bool:
    """False for recorded WebSocket and gRPC traffic, which no reader of ours takes."""
    from pytest_llmcassette.cassette.files import load as load_cassette
    from pytest_llmcassette.errors import CassetteFileError

    try:
        load_cassette(path)
    except CassetteFileError:
        return False
    return True


def load(*, rounds: int) -> str:
    """Every file loaded, and every body read, against PyYAML's C loader."""
    import yaml

    from pytest_llmcassette.cassette.files import load as load_cassette

    def ours(paths: list[Path]) -> None:
        for path in paths:
            for interaction in load_cassette(path):
                interaction.request.body, interaction.response.body  # noqa: B018 - a body may be decoded at first use

    def ours_lazy(paths: list[Path]) -> None:
        for path in paths:
            load_cassette(path)

    def pyyaml(paths: list[Path]) -> None:
        for path in paths:
            with path.open("rb") as stream:
                yaml.load(stream, Loader=yaml.CSafeLoader)

    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for title, paths in _folders(Path(scratch)).items():
            megabytes = sum(path.stat().st_size for path in paths) / 1e6
            calls: dict[str, Callable[[], object]] = {
                "ours, all bodies": lambda paths=paths: ours(paths),
                "ours, no body": lambda paths=paths: ours_lazy(paths),
                "CSafeLoader": lambda paths=paths: pyyaml(paths),
            }
            figures = alternate(calls, rounds=rounds, calls=1)
            for name, figure in figures.items():
                faster = figures["CSafeLoader"].ratio(figure)
                rows.append((title, name, f"{megabytes * 1000 / figure.median:.0f}", f"{faster:.2f}"))
    return table("Load", ("files", "reader", "MB/s", "times as fast as CSafeLoader"), rows)


URL = "https://api.example.com/v1/chat/completions"


def save(*, rounds: int) -> str:
    """Take and save n exchanges of 14 KB, then only save them again; microseconds each, at two sizes for O(n)."""
    parts = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in (SAVED, SAVED * 5):
            taking, saving = _contenders(count, Path(scratch))
            for title, calls in (("Take and save", taking), ("Save alone,", saving)):
                figures = alternate(calls, rounds=rounds, calls=1)
                each = {
                    name: Figure(tuple(ms * 1000 / count for ms in figure.rounds)) for name, figure in figures.items()
                }
                parts.append(compared(f"{title} {count} interactions of 14 KB, each", each, OURS, unit="us"))
    return "\n".join(parts)


Calls = dict[str, Callable[[], object]]


def _contenders(count: int, folder: Path) -> tuple[Calls, Calls]:
    """For every contender what takes n exchanges from its transport and saves them, and what saves n it has."""
    from pytest_llmcassette.cassette.files import save as save_cassette

    interactions = _made_up(count)
    taking: Calls = {OURS: lambda: _take(folder / "ours.yaml", count)}
    saving: Calls = {OURS: lambda: save_cassette(folder / "ours.yaml", interactions)}
    if importlib.util.find_spec("vcr"):
        taking["VCR.py"], saving["VCR.py"] = _vcr_py(folder / "vcr.yaml", count)
    if importlib.util.find_spec("cassetter"):
        taking["cassetter YAML"], saving["cassetter YAML"] = _cassetter(folder / "cassetter.yaml", count)
    return taking, saving


def _take(path: Path, count: int) -> None:
    from pytest_llmcassette.config import CassetteConfig
    from pytest_llmcassette.modes import RecordMode
    from pytest_llmcassette.recorder.recorder import Recorder
    from pytest_llmcassette.recorder.requests import LiveRequest
    from pytest_llmcassette.recorder.slot import RecordingSlot

    body = next(iter(BODIES.values()))
    config = CassetteConfig(record_mode=RecordMode.REWRITE)
    recorder = Recorder(path, config, how_to_record="", owner="benchmark")
    sent = [(b"Content-Type", b"application/json")]
    received = [(b"Content-Type", b"text/event-stream")]
    for number in range(count):
        slot = recorder.request(LiveRequest("POST", URL, sent, b'{"call":%d}' % number))
        assert isinstance(slot, RecordingSlot)
        slot.headers(200, "OK", received, "HTTP/1.1", 412_500_000)
        slot.data(body)
        slot.end("")
    recorder.save()


def _vcr_py(path: Path, count: int) -> tuple[Callable[[], object], Callable[[], object]]:
    from vcr.cassette import Cassette
    from vcr.request import Request
    from vcr.serialize import serialize
    from vcr.serializers import yamlserializer

    body = next(iter(BODIES.values()))

    def exchange(number: int) -> tuple[Request, dict[str, object]]:
        request = Request("POST", URL, f'{{"call":{number}}}', {"Content-Type": "application/json"})
        status = {"code": 200, "message": "OK"}
        return request, {"status": status, "headers": {"content-type": ["text/event-stream"]}, "body": {"string": body}}

    def take() -> None:
        cassette = Cassette(str(path), record_mode="all", serializer=yamlserializer)
        for number in range(count):
            cassette.append(*exchange(number))
        cassette._save(force=True)

    exchanges = [exchange(number) for number in range(count)]
    recording = {"requests": [one for one, _ in exchanges], "responses": [one for _, one in exchanges]}
    return take, lambda: path.write_text(serialize(recording, yamlserializer))


def _cassetter(path: Path, count: int) -> tuple[Callable[[], object], Callable[[], object]]:
    import cassetter

    sent, received = {"content-type": ["application/json"]}, {"content-type": ["text/event-stream"]}
    body = next(iter(BODIES.values()))

    def taken() -> cassetter.Cassette:
        cassette = cassetter.Cassette(path, record_mode=cassetter.RecordMode.REWRITE)
        cassette.load()
        for number in range(count):
            cassette.record("POST", URL, sent, b'{"call":%d}' % number, 200, received, body)
        return cassette

    full = taken()

    def again() -> None:
        full._dirty = True  # it saves only what changed; a recording run saves exactly once
        full.save()

    return lambda: taken().save(), again
