"""Where a test's cassette is: the path template, its fields, and what a file system takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

FIELDS = ("module", "provider", "class", "test", "params", "scenario")
_NOT_IN_PATHS = ("llm_provider", "anyio_backend", "__pytest_repeat_step_number")
"""Parameters that `{params}` leaves out: the provider has a field, the others do not change what is sent."""

_FIELD = re.compile(r"\{(\w*)\}")
_UNSAFE = re.compile(r"""[<>?%*:|"'/\\\x00-\x1f\x7f]""")
_LONGEST = 255
"""Bytes that a file's or folder's name may have on the usual file systems."""


@dataclass(frozen=True, slots=True)
class Template:
    """`llmcassette_path`, taken apart: the folder before the first field, the name, and the suffix."""

    folder: str
    name: str
    suffix: str


def parse_template(text: str, where: str) -> Template:
    """Raises `pytest.UsageError` for a field that does not exist or a file that is no YAML."""
    unknown = [name for name in _FIELD.findall(text) if name not in FIELDS]
    if unknown or text.count("{") != len(_FIELD.findall(text)) or text.count("{") != text.count("}"):
        named = f"there is no field {{{unknown[0]}}}" if unknown else "a brace stands alone"
        raise pytest.UsageError(f"{where} = {text}: {named}. The fields are {{{'}, {'.join(FIELDS)}}}.")
    parts = text.strip().replace("\\", "/").split("/")
    suffix = PurePosixPath(_FIELD.sub("x", parts[-1])).suffix
    if suffix not in (".yaml", ".yml") or not parts[-1].endswith(suffix):
        raise pytest.UsageError(f"{where} = {text}: a cassette is a YAML file, so the path must end in .yaml or .yml.")
    parts[-1] = parts[-1].removesuffix(suffix)
    fixed = next((index for index, part in enumerate(parts) if "{" in part), len(parts) - 1)
    folder = "/".join(parts[:fixed])
    return Template(folder or ("/" if text.startswith("/") else "."), "/".join(parts[fixed:]), suffix)


_FIELDS: pytest.StashKey[dict[str, str]] = pytest.StashKey()


def fields_of(item: pytest.Function) -> Mapping[str, str]:
    """The values of a template's fields for a test, not yet fit for a file system."""
    known = item.stash.get(_FIELDS, None)
    if known is None:
        known = item.stash[_FIELDS] = _fields_of(item)
    return known


def _fields_of(item: pytest.Function) -> dict[str, str]:
    classes = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    test = getattr(item, "originalname", None) or item.name.partition("[")[0]
    return {
        "module": item.path.stem,
        "provider": provider_name(item) or "",
        "class": ".".join(classes),
        "test": test,
        "params": _params(item),
        "scenario": test.removeprefix("test_"),
    }


def provider_name(item: pytest.Item) -> str | None:
    """The name of the provider that this test was parametrised with, None without one."""
    callspec = getattr(item, "callspec", None)
    name = getattr(callspec.params.get("llm_provider"), "name", None) if callspec is not None else None
    return name if isinstance(name, str) else None


def _params(item: pytest.Function) -> str:
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return ""
    ids: list[str] = list(callspec._idlist)
    left_out = [name for name in _NOT_IN_PATHS if name in callspec.params]
    if len(ids) == len(callspec.params):
        return "-".join(word for word, name in zip(ids, callspec.params, strict=True) if name not in left_out)
    # One id for several arguments, so ids cannot be told by their place.
    for name in left_out:
        value = callspec.params[name]
        word = provider_name(item) if name == "llm_provider" else str(value[0] if isinstance(value, tuple) else value)
        if word in ids:
            ids.remove(word)
    return "-".join(ids)


def render(template: str, fields: Mapping[str, str]) -> str:
    """Fill in a template's name: empty parts are dropped with what sets them off (`[]`, a dot, a whole folder)."""
    parts = []
    for part in template.split("/"):
        filled = _FIELD.sub(lambda found: safe(fields[found[1]]) or "\0", part)
        filled = re.sub(r"[\[(]\0[\])]", "", filled)
        filled = re.sub(r"\0[._\- ]+|[._\- ]*\0", "", filled)
        if filled:
            parts.append(filled)
    return "/".join(parts)


def safe(text: str) -> str:
    """The text with `-` for what a file system, or a shell, may not take."""
    return _UNSAFE.sub("-", text)


def explicit(name: str, fields: Mapping[str, str]) -> str:
    """A cassette's name as a user gives it: `/` makes folders, fields are filled in, the rest is made safe."""
    parts = []
    for part in name.replace("\\", "/").split("/"):
        filled = _FIELD.sub(lambda found: fields.get(found[1], found[0]), part)
        if filled not in ("", "."):
            parts.append(safe(filled))
    return "/".join(parts)


def file_at(folder: Path, name: str, suffix: str) -> Path:
    """The path of a cassette; names over 255 bytes are cut, and a digest keeps them apart."""
    *folders, last = name.split("/")
    return folder.joinpath(*(_cut(part, "") for part in folders), _cut(last, suffix) + suffix)


def _cut(text: str, suffix: str) -> str:
    room = _LONGEST - len(suffix.encode())
    data = text.encode("utf-8", "replace")
    if len(data) <= room:
        return text
    digest = hashlib.sha256(data).hexdigest()[:16]
    return data[: room - len(digest) - 1].decode("utf-8", "ignore") + "-" + digest
