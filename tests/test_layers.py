"""The direction of imports: a module imports its own layer and those below, and little at all while pytest starts."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_code import PACKAGE, ROOT, imports, modules

LAYERS = (
    "cli",
    "plugin",
    "report",
    "snapshot",
    "context",
    "llm_cassette",
    "answers",
    "faults",
    "protocols",
    "transports",
    "replay",
    "recorder",
    "matching",
    "redaction",
    "framing",
    "cassette",
    "provider",
    "config",
    "modes",
    "errors",
)
"""The folders, and the modules that users import, from the top down."""

FORBIDDEN = [
    ("cassette", "framing", "a cassette is a file, not a stream"),
    ("transports", "protocols", "interception knows HTTP, not what it carries"),
    ("cli", "report", "a command and the report share what is below them"),
    ("cli", "plugin", "a command runs without pytest"),
    ("report", "plugin", "nothing imports the plugin"),
]

CLIENT_LIBRARIES = {
    "respx": {"transports"},
    "httpx": {"transports"},
    "httpx2": {"transports"},
    "httpcore": {"transports"},
    "httpcore2": {"transports"},
    "grpc": {"transports"},
    "openai": set(),
    "anthropic": set(),
    "google": {"transports"},
    "mistralai": set(),
    "cohere": set(),
    "ollama": set(),
    "groq": set(),
    "syrupy": {"snapshot", "plugin"},
}
"""Who may import what, ever."""

HEAVY = ("respx", "httpx", "httpx2", "httpcore", "httpcore2", "yaml", "syrupy", "asyncio", "anyio", "openai")
"""What must not be imported by a pytest run that uses no cassette."""


@functools.cache
def all_imports() -> list[tuple[str, str, int]]:
    """Who imports what, in which line."""
    return [(name, target, line) for name, code in modules().items() for target, line in imported(code, name)]


def imported(code: str, module: str) -> Iterator[tuple[str, int]]:
    """Every imported module, wherever in the file, those too that only a type checker sees."""
    for node, line in imports(code):
        if isinstance(node, ast.Import):
            yield from ((alias.name, line) for alias in node.names)
        else:
            assert node.level == 0, f"{module}, line {line}: write the full name, not a relative import"
            assert node.module is not None
            # `from package import module` is an import of the module, not of what the package itself holds.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found = {name if is_module(name) else node.module for name in names}
            yield from ((name, line) for name in sorted(found))


@functools.cache
def is_module(name: str) -> bool:
    path = ROOT.parent / Path(*name.split("."))
    return name.startswith(PACKAGE) and (path.is_dir() or path.with_suffix(".py").is_file())


def folder(module: str) -> str:
    """`recorder.playlist`, with the package before it or without, is of `recorder`; the package itself is of none."""
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def own_imports() -> list[tuple[str, str, int]]:
    return [one for one in all_imports() if one[1] == PACKAGE or one[1].startswith(PACKAGE + ".")]


def test_every_module_has_a_layer() -> None:
    unknown = {name for name in modules() if name and folder(name) not in LAYERS}
    assert not unknown, f"give {sorted(unknown)} a layer in LAYERS"


def test_the_top_level_is_what_users_import() -> None:
    assert sorted(path.stem for path in ROOT.glob("*.py")) == [
        "__init__",
        "config",
        "context",
        "errors",
        "llm_cassette",
        "modes",
        "provider",
    ]


def test_imports_point_down() -> None:
    """Those too that only a type checker sees; the package itself imports what it hands on by name."""
    wrong = [
        f"{name}, line {line} imports {target}"
        for name, target, line in own_imports()
        if name and folder(target) in LAYERS and LAYERS.index(folder(target)) < LAYERS.index(folder(name))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_imports_itself_over_others() -> None:
    """Type-only imports included."""
    known = {f"{PACKAGE}.{name}" for name in modules() if name}
    graph: dict[str, set[str]] = {}
    for name, target, _ in own_imports():
        if target in known and name:
            graph.setdefault(f"{PACKAGE}.{name}", set()).add(target)
    circles: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            circles.append([*path[path.index(module) :], module])
        elif module not in done:
            for target in sorted(graph.get(module, ())):
                visit(target, [*path, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])
    assert not circles, "\n".join(" -> ".join(circle) for circle in circles)


@pytest.mark.parametrize(("importer", "imported", "why"), FORBIDDEN)
def test_forbidden_pairs(importer: str, imported: str, why: str) -> None:
    wrong = [
        f"{name}, line {line}: {why}"
        for name, target, line in own_imports()
        if folder(name) == importer and folder(target) == imported
    ]
    assert not wrong, "\n".join(wrong)


def test_protocols_do_not_import_each_other() -> None:
    wire = {
        name.split(".")[1]
        for name, code in modules().items()
        if name.startswith("protocols.") and "\nPROTOCOLS = " in code
    }
    wrong = [
        f"{name}, line {line} imports {target}"
        for name, target, line in own_imports()
        if name.startswith("protocols.")
        for other in [target.removeprefix(PACKAGE + ".protocols.").partition(".")[0]]
        if target.startswith(PACKAGE + ".protocols.") and other in wire and other != name.split(".")[1]
    ]
    assert len(wire) > 5
    assert not wrong, "\n".join(wrong)


def test_client_libraries_stay_behind_their_doors() -> None:
    wrong = [
        f"{name}, line {line}: imports {target}"
        for name, target, line in all_imports()
        for library in [target.partition(".")[0]]
        if library in CLIENT_LIBRARIES and folder(name) not in CLIENT_LIBRARIES[library]
    ]
    assert not wrong, "\n".join(wrong)


def of_a_process(script: str, folder: Path, **variables: str) -> list[list[str]]:
    """What a script prints in a process of its own, as lines of words."""
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), **variables},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [line.split() for line in run.stdout.splitlines()]


def test_a_run_without_cassettes_imports_nothing_heavy(tmp_path: Path) -> None:
    """What is loaded when a test that uses no cassette has run, against the same without the plugin."""
    (tmp_path / "test_plain.py").write_text("def test_plain(): pass\n", "utf-8")
    script = f"""
import sys, pytest
class Last:
    def pytest_sessionfinish(self): print("\\nLOADED", *sorted(sys.modules))
for plugin in ([], ["-p", "{PACKAGE}.plugin"]):
    assert pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir=.", "test_plain.py", *plugin], plugins=[Last()]) == 0
"""
    lines = of_a_process(script, tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS="")
    without, ours = (set(line[1:]) for line in lines if line[:1] == ["LOADED"])
    assert f"{PACKAGE}.plugin" in ours - without
    heavy = {name for name in ours - without if name.partition(".")[0] in HEAVY}
    assert not heavy
    # Neither faults nor runs under them, where nobody has asked for any.
    assert not {name for name in ours if name.startswith((f"{PACKAGE}.faults", f"{PACKAGE}.plugin.bad_days"))}


STEPS = f"""
import sys

# What httpx imports where it is installed takes most of the time, and is none of ours.
sys.modules.update(dict.fromkeys(("rich", "trio")))

import {PACKAGE}.errors

print(*sys.modules)

import httpx
from {PACKAGE} import use_cassette
from {PACKAGE}.cassette.files import save
from {PACKAGE}.cassette.model import Interaction, Request, Response

save("it.yaml", [Interaction(request=Request(url="http://127.0.0.1:9/v1"), response=Response(body=b"hi"))])
with use_cassette("it.yaml"):
    assert httpx.get("http://127.0.0.1:9/v1").content == b"hi"
print(*sys.modules)

from servers.plain import PlainServer

before = set(sys.modules)
with PlainServer() as server:
    for mode in ("once", "none"):
        with use_cassette("other.yaml", record_mode=mode):
            httpx.Client(verify=False).get(server.url)
print(*(set(sys.modules) - before))
"""
"""One process for three tests: the errors alone, a replay, a recording."""


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """What is loaded after each of these steps; of the last, what came with it."""
    return [set(names) for names in of_a_process(STEPS, tmp_path_factory.mktemp("steps"))]


def test_the_errors_alone_import_no_pytest(after: list[set[str]]) -> None:
    """A script that catches them has `use_cassette`, and no test runner."""
    assert {name for name in after[0] if "pytest" in name} == {
        PACKAGE,
        f"{PACKAGE}.errors",
        "_pytest",
        "_pytest._version",
        "_pytest.outcomes",
    }


def test_a_replay_imports_no_yaml_no_protocol_and_no_snapshot(after: list[set[str]]) -> None:
    assert f"{PACKAGE}.context" in after[1]
    assert not {name for name in after[1] if name.partition(".")[0] in ("yaml", "syrupy", "genai_prices", "openai")}
    light = ("protocols", "framing", "base", "registry", "hosts", "transcript", "usage")
    ours = {name for name in after[1] if name.startswith((f"{PACKAGE}.protocols", f"{PACKAGE}.framing"))}
    assert {name for name in ours if name.rpartition(".")[2] not in light} == set()


def test_a_cassette_imports_no_library_that_is_not_used(after: list[set[str]]) -> None:
    """Recorded and replayed through httpx: of each other binding its patch, and nothing of the library."""
    libraries = {"aiohttp", "urllib3", "requests", "websockets", "grpc", "google"}
    assert not (after[1] | after[2]).intersection(libraries)
    bindings = f"{PACKAGE}.transports."
    of_bindings = {
        name.removeprefix(bindings) for name in after[1] | after[2] if name.startswith(bindings) and name.count(".") > 2
    }
    assert {name for name in of_bindings if not name.startswith("httpcore")} == {
        "aiohttp.connectors",
        "grpc.calls",
        "grpc.channels",
        "urllib3.pools",
        "websockets.clients",
    }
