"""The Amber extension: conversations as readable text, one snapshot file for each provider of a test module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from syrupy.extensions.amber import AmberDataSerializer, AmberDataSerializerPlugin, AmberSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.terminal import context_style, received_style, reset, snapshot_style
from syrupy.types import SerializedData, SnapshotIndex

from pytest_llmcassette.snapshot.conversation import is_known, tree
from pytest_llmcassette.snapshot.difference import diff
from pytest_llmcassette.snapshot.layout import lines
from pytest_llmcassette.snapshot.replaced import kinds, select

_UNSAFE = re.compile(r"""[<>?%*:|"'/\\\s]""")


class ConversationPlugin(AmberDataSerializerPlugin):
    """Writes our values; everything else in a snapshot is Amber's."""

    shape: ClassVar[bool] = False

    @classmethod
    def is_data_serializable(cls, data: Any) -> bool:
        """Whether this is a transcript, usage, request or cassette of ours."""
        return is_known(data)

    @classmethod
    def serialize(
        cls,
        data: Any,
        *,
        depth: int = 0,
        exclude: Any = None,
        include: Any = None,
        matcher: Any = None,
        path: Any = (),
        **_: Any,
    ) -> str:
        """The value's text; `depth` is the level of indentation inside the user's own containers."""
        shown = kinds(tree(data)) if cls.shape else tree(data)
        shown = select(shown, path=tuple(path), matcher=matcher, exclude=exclude, include=include)
        return "\n".join(AmberDataSerializer.with_indent(line, depth) for line in lines(shown))


class ShapePlugin(ConversationPlugin):
    """The same with kinds instead of values."""

    shape = True


class ConversationSerializer(AmberDataSerializer):
    """Amber's format of the file, with our layout of our values."""

    serializer_plugins = (ConversationPlugin,)


class ShapeSerializer(AmberDataSerializer):
    """The same with kinds instead of values."""

    serializer_plugins = (ShapePlugin,)


class LlmSnapshotExtension(AmberSnapshotExtension):
    """`__snapshots__/test_common/openai-gpt-4o.ambr`; without a provider `__snapshots__/test_common.ambr`."""

    serializer_class: type[AmberDataSerializer] = ConversationSerializer

    def diff_lines(self, serialized_data: SerializedData, snapshot_data: SerializedData) -> Iterator[str]:
        """A failed comparison as a diff of the conversation, in syrupy's colours."""
        styles = {"-": snapshot_style, "+": received_style, " ": context_style}
        before = str(snapshot_data).split("\n") if snapshot_data else []
        for mark, line in diff(before, str(serialized_data).split("\n")):
            yield reset(styles[mark](f"{mark} {line}"))

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        """The path below `__snapshots__`, without suffix."""
        provider = provider_file(test_location)
        return test_location.basename if provider is None else f"{test_location.basename}/{provider}"

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Whether a snapshot file is this test's: syrupy asks before it calls a snapshot unused."""
        file = Path(snapshot_location)
        if not test_location.matches_snapshot_site(snapshot_location):
            return False
        if file.stem == test_location.basename and file.parent.name == Path(cls.snapshot_dirname).name:
            return True
        return file.parent.name == test_location.basename and _has_parameter(test_location, file.stem)


class LlmShapeExtension(LlmSnapshotExtension):
    """The same files, with kinds instead of values."""

    serializer_class = ShapeSerializer


def provider_file(test_location: PyTestLocation) -> str | None:
    """The test's provider as a file name, None for a test that has none."""
    callspec = getattr(test_location.item, "callspec", None)
    provider = callspec.params.get("llm_provider") if callspec is not None else None
    name = getattr(provider, "name", None)
    return _UNSAFE.sub("-", name) if isinstance(name, str) else None


def _has_parameter(test_location: PyTestLocation, stem: str) -> bool:
    # By the test's id: the controller of an xdist run has nothing else of the items that its workers ran.
    _, bracket, parameters = test_location.snapshot_name.partition("[")
    return bool(bracket) and stem in _UNSAFE.sub("-", parameters)
