"""Every block of code in the README and the docs is run; `tests/doc_blocks.py` says how."""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from doc_blocks import PAGES, ROOT, Block, all_blocks, links
from package_code import texts
from sdks.table import table

from embedded_provider import API_KEY, EmbeddedProvider
from embedded_provider.__main__ import main as embedded_provider
from pytest_llmcassette.cli import main
from pytest_llmcassette.config import CassetteConfig

Help = Callable[..., str]
BLOCKS = all_blocks()
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GROQ_API_KEY", "HF_TOKEN", "EMBEDDED_API_KEY")
URLS = ("https://api.openai.com/v1", "https://router.huggingface.co/v1", "https://api.anthropic.com")
"""What the pages call the providers; the embedded one takes their place."""

ANY_TEST = """
import openai
import pytest

@pytest.mark.cassette
def test_settings(llm_cassette):
    openai.OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Count to five"}])
"""
"""What a section that shows only a conftest.py is tried with."""


def named(block: Block) -> bool:
    return block.file_name is not None and block.language in ("python", "ini", "toml")


def localised(text: str, url: str) -> str:
    for real in URLS:
        text = text.replace(real, url + "/v1" if real.endswith("/v1") else url)
    return text


def run_python(
    folder: Path, *arguments: str, url: str = "", keys: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Python in a folder, with the SDKs pointed at a provider, with its keys or without any."""
    bare = {name: value for name, value in os.environ.items() if not re.search("API_KEY|TOKEN|^PYTEST_|BASE_URL", name)}
    where = {"OPENAI_BASE_URL": f"{url}/v1", "ANTHROPIC_BASE_URL": url, "GOOGLE_GEMINI_BASE_URL": url}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=bare
        | where
        | {"PYTHONPATH": str(ROOT / "examples")}
        | (dict.fromkeys(KEYS, API_KEY) if keys else {})
        | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.slow
def test_tests_on_the_pages_record_and_replay(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", "utf-8")
    with EmbeddedProvider(pause=0) as provider:
        folders = set()
        recording = 0
        for block in filter(named, BLOCKS):
            assert block.file_name is not None
            if not block.file_name.endswith(".py"):
                continue
            # A README's folder is the page's; two READMEs must not meet.
            page = "_".join(block.page.relative_to(ROOT).with_suffix("").parts)
            file = tmp_path / page / block.section / block.file_name
            file.parent.mkdir(parents=True, exist_ok=True)
            assert not file.exists(), f"{block.place}: this section has {block.file_name} twice"
            file.write_text(localised(block.text, provider.url), "utf-8")
            folders.add(file.parent)
            recording += "mark.cassette" in block.text
        for folder in folders:
            if not list(folder.glob("test_*.py")):
                (folder / "test_any.py").write_text(ANY_TEST, "utf-8")
        pytest_command = ("-m", "pytest", "-q", "-rA", "--import-mode=importlib", "-p", "no:cacheprovider")
        options = ("--record-mode=once", "--snapshot-update")
        recorded = run_python(tmp_path, *pytest_command, *options, url=provider.url, keys=True)
        url = provider.url
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    cassettes = list(tmp_path.rglob("*.yaml"))
    assert len(cassettes) >= recording, "some tests of the pages recorded nothing"
    assert not [path for path in cassettes if API_KEY in path.read_text("utf-8")]
    replayed = run_python(tmp_path, *pytest_command, "-p", "no_network", url=url)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert passed(replayed.stdout) == passed(recorded.stdout)


def passed(output: str) -> set[str]:
    return set(re.findall(r"^PASSED (\S+)", output, re.MULTILINE))


@pytest.mark.slow
def test_programs_run(tmp_path: Path) -> None:
    """All in one process: each SDK is imported once."""
    programs = [block for block in BLOCKS if block.language == "python" and not named(block)]
    assert programs
    with EmbeddedProvider(pause=0) as provider:
        for number, block in enumerate(programs):
            (tmp_path / f"program_{number}.py").write_text(localised(block.text, provider.url), "utf-8")
        script = "import runpy, sys\nfor name in sys.argv[1:]: runpy.run_path(name, run_name='__main__')"
        files = [f"program_{number}.py" for number in range(len(programs))]
        result = run_python(tmp_path, "-c", script, *files, url=provider.url, keys=True)
    places = [block.place for block in programs]
    assert result.returncode == 0, f"{places}\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "console"], ids=lambda block: block.place)
def test_commands_exist(block: Block, help_text: Help) -> None:
    commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    assert commands, f"{block.place}: no line starts with '$ '"
    for line in commands:
        for command in line.split("&&"):
            words = [word for word in shlex.split(command, comments=True) if not re.match(r"[A-Z_]+=", word)]
            check_command(words, block.place, help_text)


def check_command(words: list[str], place: str, help_text: Help) -> None:
    match words:
        case ["cd", folder]:
            assert (ROOT / folder).is_dir(), f"{place}: there is no folder {folder}"
        case ["python", "-m", "pip", "install", *_]:
            pass
        case ["python", "-m", "tox", "run", "-e", name]:
            tox = configparser.ConfigParser()
            tox.read(ROOT / "tox.ini")
            assert name == "py" or f"testenv:{name}" in tox, f"{place}: tox has no environment {name}"
        case ["pytest", *arguments]:
            check_options(arguments, help_text("pytest"), place)
        case ["llmcassette", command, *arguments]:
            assert command in help_text("llmcassette"), f"{place}: llmcassette has no {command}"
            check_options(arguments, help_text("llmcassette", command), place)
        case ["python", "-m", "embedded_provider", *arguments]:
            check_options(arguments, help_text("embedded_provider"), place)
        case _:
            pytest.fail(f"{place}: nobody checks {' '.join(words)}")


def check_options(arguments: list[str], known: str, place: str) -> None:
    for option in arguments:
        if option.startswith("-"):
            name = option.partition("=")[0]
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", known), f"{place}: there is no option {name}"


@pytest.fixture
def help_text(request: pytest.FixtureRequest) -> Help:
    """What a program prints of its options; asked once."""

    def text(*program: str) -> str:
        if program not in _HELP:
            _HELP[program] = _help_of_pytest(request) if program == ("pytest",) else _printed(*program)
        return _HELP[program]

    return text


_HELP: dict[tuple[str, ...], str] = {}


def _help_of_pytest(request: pytest.FixtureRequest) -> str:
    """In a folder of its own, with no plugins but those of the pages."""
    pytester: pytest.Pytester = request.getfixturevalue("pytester")
    request.getfixturevalue("monkeypatch").setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("xdist.plugin", "syrupy", "pytest_llmcassette.plugin")
    result = pytester.runpytest_inprocess(*(word for plugin in plugins for word in ("-p", plugin)), "--help")
    assert result.ret == 0, result.stderr.str()
    return result.stdout.str()


def _printed(program: str, *command: str) -> str:
    programs: dict[str, Callable[[], object]] = {"llmcassette": main, "embedded_provider": embedded_provider}
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setattr(sys, "argv", [program, *command, "--help"])
        with pytest.raises(SystemExit):
            programs[program]()
    return printed.getvalue()


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language in ("ini", "toml", "yaml", "json")], ids=lambda block: block.place
)
def test_settings_and_data_parse(block: Block, help_text: Help) -> None:
    match block.language:
        case "ini":
            parser = configparser.ConfigParser()
            parser.read_string(block.text)
            options = list(parser["pytest"])
        case "toml":
            options = list(tomllib.loads(block.text)["tool"]["pytest"]["ini_options"])
        case "yaml":
            assert yaml.safe_load(block.text)
            return
        case _:
            assert json.loads(block.text)
            return
    for option in options:
        assert re.search(rf"^  {option} \(", help_text("pytest"), re.MULTILINE), f"{block.place}: no option {option}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "text" and b.source], ids=lambda b: b.place)
def test_quotations_are_true(block: Block) -> None:
    assert block.source is not None
    assert block.text in (ROOT / block.source).read_text("utf-8"), f"{block.place} is not in {block.source}"


def test_every_block_says_what_it_is() -> None:
    known = {"python", "console", "ini", "toml", "yaml", "json", "text"}
    assert not [block.place for block in BLOCKS if block.language not in known]


def test_the_reference_lists_every_switch() -> None:
    table = (ROOT / "docs" / "reference.md").read_text("utf-8").partition("| switch |")[2].partition("\n\n")[0]
    listed = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(field.name for field in dataclasses.fields(CassetteConfig))


def test_the_readme_lists_the_sdks_that_are_run() -> None:
    """`tests/sdks/table.py`, as a program, prints the table."""
    assert table() in (ROOT / "README.md").read_text("utf-8"), f"the README's table of SDKs should be\n{table()}"


def test_troubleshooting_quotes_real_messages() -> None:
    """Its headings are parts of our error messages, `...` standing for what differs."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert len(headings) > 5
    said = "\0".join(texts()).replace("\n", " ")
    missing = [part.strip() for heading in headings for part in heading.split("...") if part.strip() not in said]
    assert not missing, f"no message of ours says {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not [target for target in links(page) if not (page.parent / target).exists()]
