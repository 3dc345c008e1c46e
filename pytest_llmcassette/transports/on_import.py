"""Runs an action once a module has been imported, so that a library is patched without our importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

Action = Callable[[str], None]


class _Finder(MetaPathFinder):
    """First on `sys.meta_path`; it finds nothing itself and wraps what the others find for the modules waited for."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Action]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        actions = self.actions.pop(fullname, None)
        if actions is None:
            return None
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            self.actions[fullname] = actions
            return None
        spec.loader = _Loader(spec.loader, actions)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader, actions: Sequence[Action]) -> None:
        self._loader = loader
        self._actions = actions

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module sees its own loader: importlib.resources and linecache ask for more than these two methods.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        try:
            self._loader.exec_module(module)
            for action in self._actions:
                action(module.__name__)
        except BaseException:
            # It counts as not imported, and may be once more.
            _finder.actions.setdefault(module.__name__, list(self._actions))
            raise


_finder = _Finder()


def after_import(name: str, action: Action) -> None:
    """Call `action(name)` now when the module is imported already, else right after its first import; each once."""
    # None is how a name is barred from import.
    if sys.modules.get(name) is not None:
        action(name)
        return
    waiting = _finder.actions.setdefault(name, [])
    if action not in waiting:
        waiting.append(action)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def is_in_place() -> bool:
    """Whether imports are watched: another plugin may have put `sys.meta_path` back to what it was."""
    return _finder in sys.meta_path


def forget() -> None:
    """Drop all actions that wait."""
    _finder.actions.clear()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
