"""What a release must pass: `tox run -e release`.

Builds the sdist and from it the wheel, checks their metadata, collects the tests from the unpacked sdist. Installs the
wheel into a fresh environment and runs the README's first test with it, in an empty folder: recorded from the embedded
provider, then replayed with the provider gone. Exits with 1 at the first thing that is not as it should be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]

from doc_blocks import blocks  # noqa: E402

from embedded_provider import API_KEY, EmbeddedProvider  # noqa: E402

FIRST_TEST = ("conftest.py", "test_common.py")
"""The files of the README's quick start, in which a first test is shown."""

IN_THE_SDIST = ("tests/conftest.py", "examples/demo.py", "docs/reference.md", "tox.ini", "CONTRIBUTING.md", "LICENSE")


def step(what: str, *command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; its failure ends the check with all that it said."""
    print(f"--- {what}", flush=True)
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{what}: failed with status {done.returncode}")
    print("\n".join(done.stdout.splitlines()[-3:]), flush=True)
    return done.stdout


def built(folder: Path) -> tuple[Path, Path]:
    """The sdist and the wheel that was built from it."""
    step("build", sys.executable, "-m", "build", "--outdir", folder, cwd=ROOT)
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    step("metadata", sys.executable, "-m", "twine", "check", "--strict", sdist, wheel, cwd=folder)
    return sdist, wheel


def check_sdist(sdist: Path, folder: Path) -> None:
    """The sdist has the tests, and all that they import."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [unpacked] = folder.iterdir()
    missing = [name for name in IN_THE_SDIST if not (unpacked / name).exists()]
    if missing:
        sys.exit(f"the sdist lacks {', '.join(missing)}")
    step("tests of the sdist", sys.executable, "-m", "pytest", "--collect-only", "-q", cwd=unpacked)


def check_wheel(wheel: Path, folder: Path) -> None:
    """The wheel, alone in an environment with what the README says to install, does what the README shows."""
    environment, suite = folder / "venv", folder / "suite"
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    suite.mkdir()
    step("install", python, "-m", "pip", "install", "--disable-pip-version-check", wheel, "openai", cwd=suite)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON", "OPENAI_"))}
    with EmbeddedProvider(pause=0) as provider:
        for block in blocks(ROOT / "README.md"):
            if block.file_name in FIRST_TEST and not (suite / block.file_name).exists():
                text = block.text.replace("https://api.openai.com", provider.url)
                (suite / block.file_name).write_text(
                    text.replace("https://router.huggingface.co", provider.url), "utf-8"
                )
        keys = {"OPENAI_API_KEY": API_KEY, "HF_TOKEN": API_KEY}
        pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        recording = (*pytest, "--record-mode=once", "--snapshot-update")
        said = step("record the README's first test", *recording, cwd=suite, env=bare | keys)
    said += step("replay it offline, without keys", *pytest, cwd=suite, env=bare)
    if said.count("2 passed") != 2:
        sys.exit("the README's first test did not run for both of its providers")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sdist").mkdir()
        sdist, wheel = built(folder / "dist")
        check_sdist(sdist, folder / "sdist")
        check_wheel(wheel, folder)
    print("ready to release")


if __name__ == "__main__":
    main()
