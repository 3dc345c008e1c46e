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
from package_code import PACKAGE, ROOT, modules

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
    return [(name, target, line) for name, tree in modules().items() for target, line in imports(tree, name)]


def imports(tree: ast.Module, module: str) -> Iterator[tuple[str, int]]:
    """Every imported module, wherever in the file, those too that only a type checker sees."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}, line {node.lineno}: write the full name, not a relative import"
            assert node.module is not None
            # `from package import module` is an import of the module, not of what the package itself holds.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found = {name if is_module(name) else node.module for name in names}
            yield from ((name, node.lineno) for name in sorted(found))


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
        for name, tree in modules().items()
        if name.startswith("protocols.") and defines_a_protocol(tree)
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


def defines_a_protocol(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PROTOCOLS" for node in tree.body)


def test_client_libraries_stay_behind_their_doors() -> None:
    wrong = [
        f"{name}, line {line}: imports {target}"
        for name, target, line in all_imports()
        for library in [target.partition(".")[0]]
        if library in CLIENT_LIBRARIES and folder(name) not in CLIENT_LIBRARIES[library]
    ]
    assert not wrong, "\n".join(wrong)


def test_a_run_without_cassettes_imports_nothing_heavy(tmp_path: Path) -> None:
    """What is loaded when a test that uses no cassette has run, against the same without the plugin."""
    test_file = tmp_path / "test_plain.py"
    test_file.write_text("def test_plain(): pass\n", "utf-8")
    script = (
        "import sys, pytest\n"
        "class Last:\n"
        "    def pytest_sessionfinish(self): print('LOADED', *sorted(sys.modules))\n"
        "pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]], plugins=[Last()])\n"
    )

    def loaded(*arguments: str) -> set[str]:
        run = subprocess.run(
            [sys.executable, "-c", script, f"--rootdir={tmp_path}", str(test_file), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        )
        [line] = [line for line in run.stdout.splitlines() if line.startswith("LOADED")] or [run.stdout + run.stderr]
        return set(line.split()[1:])

    without = loaded()
    ours = loaded("-p", f"{PACKAGE}.plugin")
    assert f"{PACKAGE}.plugin" in ours
    heavy = {name for name in ours - without if name.partition(".")[0] in HEAVY}
    assert not heavy
    # Neither faults nor runs under them, where nobody has asked for any.
    assert not {name for name in ours if name.startswith((f"{PACKAGE}.faults", f"{PACKAGE}.plugin.bad_days"))}


def test_a_cassette_imports_no_library_that_is_not_used(tmp_path: Path) -> None:
    """Recorded and replayed through httpx: of each other binding its patch, and nothing of the library."""
    script = f"""
import sys, httpx
from servers.plain import PlainServer
from {PACKAGE} import use_cassette

before = set(sys.modules)
with PlainServer() as server:
    for mode in ("once", "none"):
        with use_cassette("it.yaml", record_mode=mode):
            httpx.Client(verify=False).get(server.url)
print(*(set(sys.modules) - before))
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    loaded = run.stdout.split()
    assert not {"aiohttp", "urllib3", "requests", "websockets", "grpc", "google"}.intersection(loaded)
    bindings = f"{PACKAGE}.transports."
    of_bindings = {name.removeprefix(bindings) for name in loaded if name.startswith(bindings) and name.count(".") > 2}
    assert {name for name in of_bindings if not name.startswith("httpcore")} == {
        "aiohttp.connectors",
        "grpc.calls",
        "grpc.channels",
        "urllib3.pools",
        "websockets.clients",
    }


def test_the_errors_alone_import_no_pytest() -> None:
    """A script that catches them has `use_cassette`, and no test runner."""
    script = f"import sys, {PACKAGE}.errors; print(*(name for name in sys.modules if 'pytest' in name))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {
        PACKAGE,
        f"{PACKAGE}.errors",
        "_pytest",
        "_pytest._version",
        "_pytest.outcomes",
    }
