"""What the provider answers: decided by the request alone, the same in every wire protocol."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_CITIES = ("Florence", "Lisbon", "Oslo", "Tokyo")
_SAID = {
    "say hi in portuguese": "Olá! Tudo bem? 👋",
    "count to five": "One, two, three, four, five.",
    "how many r are in strawberry": "There are three.",
}
_VALUES: Mapping[str, Any] = {"name": "Ana Souza", "city": "Lisbon", "age": 34, "languages": ["Portuguese", "English"]}


class ProviderError(Exception):
    """An answer that is an error: HTTP `status`, the provider's own word for it, and its text."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A request, whatever protocol it came in."""

    model: str
    text: str
    """The last user's words."""
    words: int
    """How many words the whole conversation has: the input tokens."""
    tools: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Name and JSON schema of each."""
    results: tuple[str, ...] = ()
    """What the tools gave back, when the conversation ends with that."""
    images: tuple[bytes, ...] = ()
    schema: Mapping[str, Any] | None = None
    thinks: bool = False
    stream: bool = False
    stream_usage: bool = True


@dataclass(frozen=True, kw_only=True)
class Call:
    name: str
    arguments: Mapping[str, Any]

    @property
    def json(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer before any protocol has dressed it. Token counts are exact: one per piece."""

    input_tokens: int
    text: str = ""
    thoughts: str = ""
    calls: tuple[Call, ...] = field(default=())

    @property
    def thought_tokens(self) -> int:
        return len(pieces(self.thoughts))

    @property
    def visible_tokens(self) -> int:
        return len(pieces(self.text)) + sum(1 + len(pieces(call.json)) for call in self.calls)

    @property
    def output_tokens(self) -> int:
        return self.thought_tokens + self.visible_tokens


def pieces(text: str) -> list[str]:
    """The text as a model would send it: a word and what follows it, long ones cut."""
    return [piece for word in re.findall(r"\S+\s*", text) for piece in _cut(word, 12)]


def _cut(word: str, size: int) -> Iterable[str]:
    return (word[start : start + size] for start in range(0, len(word), size))


def think(prompt: Prompt) -> Answer:
    """The answer to a prompt; raises `ProviderError` for a model that is no longer served."""
    if prompt.model.startswith("retired"):
        raise ProviderError(404, "model_not_found", f"The model '{prompt.model}' does not exist.")
    thoughts = "I read the question twice. Then I count on my fingers." if prompt.thinks else ""
    if prompt.results:
        return Answer(input_tokens=prompt.words, thoughts=thoughts, text=f"I asked: {'; '.join(prompt.results)}.")
    calls = tuple(
        Call(name=name, arguments={_parameter(schema): city})
        for city in _CITIES
        if city in prompt.text
        for name, schema in prompt.tools[:1]
    )
    if calls:
        return Answer(input_tokens=prompt.words, thoughts=thoughts, calls=calls)
    return Answer(input_tokens=prompt.words, thoughts=thoughts, text=_words(prompt))


def _words(prompt: Prompt) -> str:
    if prompt.schema is not None:
        return json.dumps(_instance("", prompt.schema, prompt.schema), ensure_ascii=False)
    if prompt.images:
        return "I see " + " and ".join(_describe(image) for image in prompt.images) + "."
    for question, said in _SAID.items():
        if question in prompt.text.lower():
            return said
    return f"You said: {prompt.text}"


def _parameter(schema: Mapping[str, Any]) -> str:
    return next(iter(schema.get("properties") or ()), "city")


def _describe(image: bytes) -> str:
    if image[:8] != b"\x89PNG\r\n\x1a\n":
        return f"{len(image)} bytes that are no PNG"
    width, height = struct.unpack(">II", image[16:24])
    return f"a PNG of {width} x {height} pixels"


def _instance(name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A value that fits a JSON schema (its common part)."""
    if "$ref" in schema:
        return _instance(name, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if schema.get("enum"):
        return schema["enum"][0]
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {key: _instance(key, value, root) for key, value in schema.get("properties", {}).items()}
    if name in _VALUES:
        return _VALUES[name]
    if kind == "array":
        return [_instance(name, schema.get("items", {"type": "string"}), root)]
    return {"integer": 7, "number": 1.5, "boolean": True}.get(kind, "something")
