"""Where a test's cassette is: the path template, its fields, and what a file system takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pytest

from pytest_llmcassette.plugin import options
from pytest_llmcassette.plugin.faults import is_fault
from pytest_llmcassette.plugin.markers import parameters_of

FIELDS = ("module", "provider", "class", "test", "params", "scenario", "innermost_class", "name", "raw_name")
IDENTITY = FIELDS[:-2]
"""The fields that tell one test from another: `name` and `raw_name` hold the backend, which does not."""
REPEATS = ("__pytest_*_step_number", "__flakefinder_*")
"""Parameters of plugins that run a test again and again (pytest-repeat, pytest-loop, flakefinder): part of no name.

What `llmcassette_ignore_params` adds is treated alike.
"""
_NOT_IN_PARAMS = ("llm_provider", "anyio_backend")
"""Parameters that `{params}` leaves out as well: the provider has a field, a backend does not change what is sent."""

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
    name = name_of(item)
    return {
        "module": item.path.stem,
        "provider": provider_name(item) or "",
        "class": ".".join(classes),
        "test": test,
        "params": "-".join(_ids(item, (*_ignored(item), *_NOT_IN_PARAMS))),
        "scenario": test.removeprefix("test_"),
        "innermost_class": classes[-1] if classes else "",
        "name": name,
        "raw_name": name,
    }


def name_of(item: pytest.Item) -> str:
    """pytest's name of a test with all its parameters, but for those that only repeat it."""
    names = parameters_of(item)
    if not names:
        return item.name
    ignored = _ignored(item)
    if not any(_is_named(name, ignored) for name in names):
        return item.name
    ids = _ids(item, ignored)
    test = getattr(item, "originalname", None) or item.name.partition("[")[0]
    # pytest has brackets for an empty id, too.
    return f"{test}[{'-'.join(ids)}]" if ids else test


def nodeid_of(item: pytest.Item) -> str:
    """pytest's id of a test, but for the parameters that only repeat it: the same for all of its repetitions."""
    return item.nodeid.removesuffix(item.name) + name_of(item)


def _ignored(item: pytest.Item) -> tuple[str, ...]:
    faults = [name for name, value in parameters_of(item).items() if is_fault(value)]
    # Under a fault a test replays what it has recorded without one.
    return (*REPEATS, *faults, *options.ini_value(item.config, options.IGNORE_PARAMS))


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def provider_name(item: pytest.Item) -> str | None:
    """The name of the provider that this test was parametrised with, None without one."""
    name = getattr(parameters_of(item).get("llm_provider"), "name", None)
    return name if isinstance(name, str) else None


def _ids(item: pytest.Item, left_out: Sequence[str]) -> list[str]:
    """The words in the brackets of a test's id, without those of parameters whose name is to be left out."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return []
    ids: list[str] = list(callspec._idlist)
    groups = _groups(item, list(callspec.params))
    if len(ids) == len(groups):
        return [word for word, names in zip(ids, groups, strict=True) if not all(_is_named(n, left_out) for n in names)]
    # Some parameters have no id of their own, so that ids cannot be told by their place.
    for name in callspec.params:
        if _is_named(name, left_out):
            value = callspec.params[name]
            first = value[0] if isinstance(value, tuple) else value
            word = provider_name(item) if name == "llm_provider" else str(first)
            if word in ids:
                ids.remove(word)
    return ids


def _groups(item: pytest.Item, names: list[str]) -> list[tuple[str, ...]]:
    """The parameters that share one id, since one `parametrize` gave them their values."""
    together: dict[str, tuple[str, ...]] = {}
    for mark in item.iter_markers("parametrize"):
        group = argnames_of(mark)
        together.update(dict.fromkeys(group, group))
    return list(dict.fromkeys(together.get(name, (name,)) for name in names))


def name_for(item: pytest.Function, template: Template, given: str | None) -> str:
    """The name of a test's cassette: as its mark has `given` it, else by the template."""
    fields = fields_of(item)
    return render(template.name, fields) if given is None else explicit(given, fields)


def is_overridden(item: pytest.Item, fixture: str) -> bool:
    """Whether the suite has a fixture of its own in place of this one of ours."""
    return len(item.session._fixturemanager.getfixturedefs(fixture, item) or ()) > 1


def argnames_of(mark: pytest.Mark) -> tuple[str, ...]:
    """The parameters to which a mark `parametrize` gives values."""
    given = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    names = given.split(",") if isinstance(given, str) else given
    return tuple(name.strip() for name in names if name.strip())


def render(template: str, fields: Mapping[str, str]) -> str:
    """Fill in a template's name: empty parts are dropped with what sets them off (`[]`, a dot, a whole folder)."""
    parts = []
    for part in template.split("/"):
        filled = _FIELD.sub(lambda found: _filled(found[1], fields) or "\0", part)
        filled = re.sub(r"[\[(]\0[\])]", "", filled)
        filled = re.sub(r"\0[._\- ]+|[._\- ]*\0", "", filled)
        if filled:
            parts.append(filled)
    return "/".join(parts)


def _filled(field: str, fields: Mapping[str, str]) -> str:
    if field != "raw_name":
        return safe(fields[field])
    # As pytest-vcr does it: an id's `/` makes folders. Only out of the cassettes' folder it leads nowhere.
    return "/".join("-" if part == ".." else part for part in fields[field].replace("\0", "-").split("/"))


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
