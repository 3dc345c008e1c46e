"""Tool calls of chat completions: whole in a message, or in deltas that hosts number in their own ways."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.transcript import ServerToolCall, ServerToolResult, ToolCall
from pytest_llmcassette.protocols.wire_values import as_dict, as_json_text, as_str, index_of


class ToolCallDrafts:
    """The growing tool calls of one choice.

    By the book a delta has an `index`, and `id` and `name` come once. Seen or allowed for: no index; the id and name
    again in every delta, or another id in each; index 0 for several calls with different ids; interleaved calls.
    """

    __slots__ = ("_by_index", "_choice", "_last", "_serial")

    def __init__(self, choice: ChoiceDraft) -> None:
        self._choice = choice
        self._by_index: dict[int, PartDraft] = {}
        self._last: PartDraft | None = None
        self._serial = 0

    def add(self, delta: dict[str, Any], *, whole: bool) -> None:
        """One entry of `tool_calls`: of a delta, or of a message, where each is a `whole` call whatever its id is.

        Hosts without ids of their own give `"0"`, `"null"` or index 0 to all calls of a message.
        """
        function = as_dict(delta.get("function"))
        custom = as_dict(delta.get("custom"))
        call_id = as_str(delta.get("id")) or None
        name = as_str(function.get("name") or custom.get("name")) or None
        draft = self._new() if whole else self._draft(delta.get("index"), call_id, name)
        if draft.id is None:
            draft.id = call_id
        if name is not None:
            _grow_name(draft, name, repeated=call_id is not None)
        arguments = function.get("arguments")
        if arguments is None:
            arguments = custom.get("input")
        if arguments is not None and arguments != "":
            draft.pieces.append(as_json_text(arguments))
        signature = as_dict(as_dict(delta.get("extra_content")).get("google")).get("thought_signature")
        if isinstance(signature, str):
            draft.signature = signature

    def add_legacy(self, delta: dict[str, Any]) -> None:
        """A `function_call`, of a delta or of a message: there is only one, and it has no id."""
        draft = self._choice.part(ToolCall, "function_call")
        name = delta.get("name")
        if isinstance(name, str) and name:
            _grow_name(draft, name, repeated=False)
        if delta.get("arguments"):
            draft.pieces.append(as_json_text(delta["arguments"]))

    def _draft(self, index: object, call_id: str | None, name: str | None) -> PartDraft:
        known = self._by_index.get(index) if isinstance(index, int) else self._last
        if known is None or self._begins(known, index, call_id, name):
            known = self._new()
        if isinstance(index, int):
            self._by_index[index] = known
        self._last = known
        return known

    @staticmethod
    def _begins(known: PartDraft, index: object, call_id: str | None, name: str | None) -> bool:
        """Whether a delta for a known call is the first of another one: it names a function, under another id.

        Another id alone does not tell: vLLM made up a new one for every delta.
        """
        if name is None:
            return False
        if call_id is None:
            return not isinstance(index, int) and known.name is not None
        return known.id not in (None, call_id)

    def _new(self) -> PartDraft:
        self._serial += 1
        return self._choice.part(ToolCall, ("call", self._serial))


def _grow_name(draft: PartDraft, name: str, *, repeated: bool) -> None:
    if draft.name is None:
        draft.name = name
    elif draft.name != name and not repeated:
        draft.name += name


def add_executed_tools(choice: ChoiceDraft, tools: list[dict[str, Any]]) -> None:
    """Groq's `executed_tools`: tools it ran itself. A stream names each twice, the second time with its output."""
    for position, tool in enumerate(tools):
        index = index_of(tool, position)
        call = choice.part(ServerToolCall, index)
        call.name = tool.get("name") or tool.get("type")
        call.id = as_str(tool.get("id"))
        if tool.get("arguments"):
            call.pieces = [as_json_text(tool["arguments"])]
        content = {name: value for name, value in tool.items() if name not in _CALL_FIELDS and value}
        if content:
            result = choice.part(ServerToolResult, index)
            result.id, result.name = call.id, call.name
            result.content = content["output"] if list(content) == ["output"] else content


_CALL_FIELDS = ("index", "id", "type", "name", "arguments")
