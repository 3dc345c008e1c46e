"""Puts functions of ours in place of a library's own, as soon as it is imported, and takes them back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

from pytest_llmcassette.errors import NotIntercepted
from pytest_llmcassette.recorder import in_force
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.transports.on_import import after_import

_ABSENT = object()
Make = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes of a library's function what is put in its place."""
gone: dict[str, str] = {}
"""What to tell of each module that does not have what it should, by its name."""


class Patches:
    """Patches in some modules. `patch` is called with each of them once it is imported, anew if it is imported anew."""

    def __init__(self, modules: Iterable[str], patch: Callable[[ModuleType], None]) -> None:
        self.modules = tuple(dict.fromkeys(modules))
        self._patch_module = patch
        self._seen: dict[str, ModuleType] = {}
        self._made: list[tuple[Any, str, Any, Any]] = []

    def install(self) -> None:
        """Patch what is imported, and the rest when it is. Safe to call again."""
        for name in self.modules:
            if name not in self._seen or self._seen[name] is not sys.modules.get(name):
                after_import(name, self._patch)

    def _patch(self, name: str) -> None:
        module = self._seen[name] = sys.modules[name]
        gone.pop(name, None)
        self._patch_module(module)

    def put(self, module: ModuleType, path: str, make: Callable[[Any], Any]) -> bool:
        """Replace an attribute (`name`, `Class.name`) by what `make` makes of it; False when it is not there."""
        owner, name = owner_of(module, path), path.rpartition(".")[2]
        # Not getattr: a class without `__call__` would give its metaclass's.
        places = owner.__mro__ if isinstance(owner, type) else (owner,)
        original = next((vars(place)[name] for place in places if name in getattr(place, "__dict__", ())), None)
        if original is None:
            return False
        if any(place is owner and known == name and ours is original for place, known, _, ours in self._made):
            return True
        replacement = make(original)
        self._made.append((owner, name, vars(owner).get(name, _ABSENT), replacement))
        setattr(owner, name, replacement)
        return True

    def put_everywhere(self, module: ModuleType, name: str, make: Callable[[Any], Any]) -> bool:
        """The same for a function or class of a module, also where it has been imported by its name."""
        original = vars(module).get(name)
        if original is None or any(ours is original for _, _, _, ours in self._made):
            return original is not None
        replacement = make(original)
        for place in list(sys.modules.values()):
            known = getattr(place, "__dict__", {})
            for other in [other for other, value in list(known.items()) if value is original]:
                self._made.append((place, other, original, replacement))
                setattr(place, other, replacement)
        return True

    def uninstall(self) -> None:
        """Put the libraries' own functions back where nobody has patched over ours."""
        while self._made:
            owner, name, original, replacement = self._made.pop()
            if vars(owner).get(name) is not replacement:
                continue
            if original is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self._seen.clear()


def owner_of(module: ModuleType, path: str) -> Any:
    """The class, or the module itself, that has what `path` names in a module; None where it is not there."""
    owner: Any = module
    for name in path.split(".")[:-1]:
        owner = getattr(owner, name, None)
    return owner


def patches_of(table: Mapping[str, Mapping[str, Make]], library: str = "") -> Patches:
    """Patches by module and path. Where something is gone of a named `library`, that is told."""

    def patch(module: ModuleType) -> None:
        for path, make in table[module.__name__].items():
            if not patches.put(module, path, make) and library:
                note_gone(library, module.__name__, path)
                return

    patches = Patches(table, patch)
    return patches


def handing_to(module: str, function: str) -> Make:
    """Makes a function that hands its calls to one of ours while something is in force.

    Ours is told what is in force, the original function, and all that this was called with. Its `module`, below
    `transports`, is not imported before.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def handing(*args: Any, **kwargs: Any) -> Any:
            what = in_force.current()
            if what is None:
                return original(*args, **kwargs)
            ours = getattr(import_module(f"{__package__}.{module}"), function)
            return ours(what, original, *args, **kwargs)

        return handing

    return make


def note_gone(library: str, module: str, path: str) -> None:
    """`module` does not have the attribute `path`, where requests begin: they would pass unnoticed.

    Told when a cassette is opened (`check_nothing_is_gone`), or at once, as `NotIntercepted`, where one is in force.
    """
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", "")
    name = library.partition(" ")[0]
    gone[module] = (
        f"{f'{library} {version}'.strip()} has no {module}.{path}, where pytest-llmcassette looks at what it sends: a "
        "request could go to the network unnoticed, so that no cassette can be used while it is imported.\n"
        f"Update pytest-llmcassette, or install an earlier {name}" + (f' ("{name}<{version}").' if version else ".")
    )
    what = in_force.current()
    if isinstance(what, Recorder):
        raise what.note(NotIntercepted(gone[module]))


def check_nothing_is_gone() -> None:
    """Raise `NotIntercepted` for an imported library that can no longer be watched."""
    for module, said in gone.items():
        if sys.modules.get(module) is not None:
            raise NotIntercepted(said)


def forget_gone() -> None:
    """For `uninstall`."""
    gone.clear()
