"""The direction of imports: a module imports its own layer and those below, and little at all while pytest starts."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "pytest_llmcassette"
ROOT = Path(__file__).parent.parent / PACKAGE

LAYERS: dict[str, int] = {
    "errors": 0,
    "modes": 0,
    "config": 0,
    "placeholder": 1,
    "provider": 1,
    "cassette": 1,
    "redaction": 1,
    "matching": 1,
    "mismatch": 1,
    "framing": 1,
    "transcript": 1,
    "usage": 1,
    "recorder": 2,
    "recording": 2,
    "playlist": 2,
    "replay": 2,
    "active": 2,
    "protocols": 2,
    "prices": 2,
    "transports": 3,
    "accounting": 3,
    "llm_cassette": 3,
    "use_cassette": 4,
    "snapshot": 4,
    "equivalence": 4,
    "plugin": 5,
    "report": 5,
    "cli": 5,
}
"""A module's first name below the package, without a trailing word (`redaction_json` is `redaction`)."""

FORBIDDEN = [
    ("cassette", "transcript", "a cassette opens without knowing any provider"),
    ("transports", "protocols", "interception knows HTTP, not what it carries"),
    ("recorder", "protocols", "the recorder knows no provider"),
]

CLIENT_LIBRARIES = {
    "respx": {"transports"},
    "httpx": {"transports"},
    "httpx2": {"transports"},
    "httpcore": {"transports"},
    "httpcore2": {"transports"},
    "openai": set(),
    "anthropic": set(),
    "google": set(),
    "mistralai": set(),
    "cohere": set(),
    "ollama": set(),
    "groq": set(),
    "syrupy": {"snapshot", "plugin"},
}
"""Who may import what, ever."""

HEAVY = ("respx", "httpx", "httpx2", "httpcore", "httpcore2", "yaml", "syrupy", "asyncio", "anyio", "openai")
"""What must not be imported by a pytest run that uses no cassette."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), ast.parse(path.read_text("utf-8"))


def imports(tree: ast.Module, module: str) -> Iterator[tuple[str, int]]:
    """Every imported module, wherever in the file, apart from those that only a type checker sees."""
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}, line {node.lineno}: write the full name, not a relative import"
            assert node.module is not None
            yield node.module, node.lineno
            if node.module == PACKAGE or is_folder(node.module):
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def is_folder(name: str) -> bool:
    return name.startswith(PACKAGE) and (ROOT.parent / Path(*name.split("."))).is_dir()


def concept(module: str) -> str:
    """`pytest_llmcassette.redaction_json` is of the concept `redaction`; the package itself is of none."""
    name = module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]
    while name and name not in LAYERS and "_" in name:
        name = name.rpartition("_")[0]
    return name


ALL = list(modules())
OWN = [
    (name, target, line)
    for name, tree in ALL
    for target, line in imports(tree, name)
    if target == PACKAGE or target.startswith(PACKAGE + ".")
]


def test_every_module_has_a_layer() -> None:
    unknown = {name for name, _ in ALL if name and concept(name) not in LAYERS}
    assert not unknown, f"give {sorted(unknown)} a layer in LAYERS"


def test_imports_point_down() -> None:
    wrong = [
        f"{name}, line {line}: {concept(name)} (layer {LAYERS[concept(name)]}) imports {target}"
        for name, target, line in OWN
        if concept(name) and concept(target) in LAYERS and LAYERS[concept(target)] > LAYERS[concept(name)]
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_the_plugin() -> None:
    """The report is a part of the plugin in a folder of its own: it shares the plugin's stash keys."""
    wrong = [
        f"{name}, line {line} imports {target}"
        for name, target, line in OWN
        if concept(target) == "plugin" != concept(name)
        if not (concept(name) == "report" and target.startswith(f"{PACKAGE}.plugin.stash"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("importer", "imported", "why"), FORBIDDEN)
def test_forbidden_pairs(importer: str, imported: str, why: str) -> None:
    wrong = [
        f"{name}, line {line}: {why}"
        for name, target, line in OWN
        if concept(name) == importer and concept(target) == imported
    ]
    assert not wrong, "\n".join(wrong)


def test_protocols_do_not_import_each_other() -> None:
    shared = {"base", "assembly", "registry", "wire_values", "providers"}
    wire = {name.split(".")[1] for name, tree in ALL if name.startswith("protocols.") and defines_a_protocol(tree)}
    wrong = [
        f"{name}, line {line} imports {target}"
        for name, target, line in OWN
        if name.startswith("protocols.") and name.split(".")[1] not in shared
        for other in [target.removeprefix(PACKAGE + ".protocols.").partition(".")[0]]
        if target.startswith(PACKAGE + ".protocols.") and other in wire and other != name.split(".")[1]
    ]
    assert not wrong, "\n".join(wrong)


def defines_a_protocol(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("WireProtocol") for base in node.bases)
        for node in tree.body
    )


def test_client_libraries_stay_behind_their_doors() -> None:
    wrong = [
        f"{name}, line {line}: imports {target}"
        for name, tree in ALL
        for target, line in imports(tree, name)
        for library in [target.partition(".")[0]]
        if library in CLIENT_LIBRARIES and concept(name) not in CLIENT_LIBRARIES[library]
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
