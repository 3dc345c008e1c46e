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
            "VCR.py files (corpus)": sorted((root / "vcrpy").rglob("*.yaml")),
        }
    from pytest_llmcassette.cassette.files import save

    path = scratch / "made-up.yaml"
    save(path, _made_up(50))
    return {"own layout (made up)": [path]}


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


def save(*, rounds: int) -> str:
    """Save 14 KB interactions to a file, in microseconds an interaction, at two sizes for O(n)."""
    from pytest_llmcassette.cassette.files import save as save_cassette

    parts = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for count in (SAVED, SAVED * 5):
            interactions = _made_up(count)
            calls: dict[str, Callable[[], object]] = {
                OURS: lambda made=interactions: save_cassette(folder / "ours.yaml", made)
            }
            calls.update(_peers_saving(count, folder))
            figures = alternate(calls, rounds=rounds, calls=1)
            each = {name: Figure(tuple(ms * 1000 / count for ms in figure.rounds)) for name, figure in figures.items()}
            parts.append(compared(f"Save, {count} interactions of 14 KB, each", each, OURS, unit="us"))
    return "\n".join(parts)


def _peers_saving(count: int, folder: Path) -> dict[str, Callable[[], object]]:
    calls: dict[str, Callable[[], object]] = {}
    url = "https://api.example.com/v1/chat/completions"
    body = next(iter(BODIES.values()))
    if importlib.util.find_spec("vcr"):
        from vcr.request import Request
        from vcr.serialize import serialize
        from vcr.serializers import yamlserializer

        requests = [Request("POST", url, f'{{"call":{number}}}', {}) for number in range(count)]
        response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": body.decode()}}
        recording = {"requests": requests, "responses": [response] * count}
        calls["VCR.py"] = lambda: (folder / "vcr.yaml").write_text(serialize(recording, yamlserializer))
    if importlib.util.find_spec("cassetter"):
        import cassetter

        theirs = cassetter.Cassette(folder / "cassetter.yaml", record_mode=cassetter.RecordMode.REWRITE)
        theirs.load()
        headers = {"content-type": ["text/event-stream"]}
        for number in range(count):
            theirs.record("POST", url, headers, b'{"call":%d}' % number, 200, headers, body)

        def again() -> None:
            theirs._dirty = True  # it saves only what changed; a recording run saves exactly once
            theirs.save()

        calls["cassetter YAML"] = again
    return calls
