"""The paths of `ignore_json`: which values of a JSON body do not decide a match."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from pytest_llmcassette.errors import ConfigError
from pytest_llmcassette.matching.json_values import Json

_STEP = re.compile(
    r"""\.?(?P<deep>\*\*)(?=\.|\[|$)"""
    r"""|\.?(?P<each>\*)(?=\.|\[|$)"""
    r"""|\[(?P<items>\*)\]"""
    r"""|\[(?P<index>-?\d+)\]"""
    r"""|\[(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)')\]"""
    r"""|\.?(?P<name>[^.\[\]*"'\s]+)(?=\.|\[|$)"""
)
_GRAMMAR = """Allowed are: a.b, a[0], a[-1], a[*] (every item), a.* (every member), **.id (at any depth), a["b.c"]."""


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of an object, or all of them."""

    name: str | None


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a list (negative: from its end), or all of them."""

    index: int | None


@dataclass(frozen=True, slots=True)
class _Anywhere:
    """This value and everything below it."""


_Step = _Member | _Item | _Anywhere
_GONE = object()


class JsonPaths:
    """A set of paths. Raises `ConfigError`, naming the path, for one that cannot be read."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = tuple(_parse(path) for path in paths)

    def __bool__(self) -> bool:
        return bool(self._paths)

    def remove_from(self, value: Json) -> None:
        """Take every value that a path names out of `value`, in place. Paths that name nothing there do nothing.

        All paths mean the value as it came: `a[0]` and `a[1]` together remove the first two items.
        """
        shortened: list[list[Json]] = []
        for path in self._paths:
            places = [value]
            for step in path[:-1]:
                places = [child for place in places for child in _children(place, step)]
            for place in places:
                for key in _keys(place, path[-1]):
                    if isinstance(place, dict):
                        del place[key]
                    else:
                        place[key] = _GONE
                        shortened.append(place)
        for items in shortened:
            items[:] = [item for item in items if item is not _GONE]


def _parse(path: str) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    place = 1 if path.startswith(("$.", "$[")) else 0
    while place < len(path):
        found = _STEP.match(path, place)
        # A dot belongs before every name but the first.
        if found is None or (path[place] == ".") != (place > 0 and path[place] != "["):
            raise ConfigError(f"ignore_json: cannot read the path {path!r} from {path[place:]!r} on. {_GRAMMAR}")
        place = found.end()
        if found["deep"]:
            steps.append(_Anywhere())
        elif found["items"]:
            steps.append(_Item(None))
        elif found["index"]:
            steps.append(_Item(int(found["index"])))
        elif found["each"]:
            steps.append(_Member(None))
        else:
            quoted = found["double"] if found["double"] is not None else found["single"]
            steps.append(_Member(found["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)))
    if not steps or isinstance(steps[-1], _Anywhere):
        raise ConfigError(
            f"ignore_json: the path {path!r} names no member or item. {_GRAMMAR} "
            "To compare no bodies at all, leave 'body' out of match_on."
        )
    return tuple(steps)


def _children(place: Json, step: _Step) -> list[Json]:
    return _containers(place) if isinstance(step, _Anywhere) else [place[key] for key in _keys(place, step)]


def _keys(place: Json, step: _Step) -> Collection[str | int]:
    """The names or indexes that a step means in `place`."""
    if isinstance(step, _Member) and isinstance(place, dict):
        return list(place) if step.name is None else [step.name] if step.name in place else []
    if isinstance(step, _Item) and isinstance(place, list):
        size = len(place)
        return range(size) if step.index is None else [step.index] if -size <= step.index < size else []
    return ()


def _containers(value: Json) -> list[Json]:
    """`value` and all objects and lists in it, without recursion."""
    found = [value]
    for container in found:  # Grows while it is read.
        inner = container.values() if isinstance(container, dict) else container if isinstance(container, list) else ()
        found.extend(child for child in inner if isinstance(child, (dict, list)))
    return found
