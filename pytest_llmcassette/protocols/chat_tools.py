"""Tool calls of chat completions: whole in a message, or in deltas that hosts number in their own ways."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.assembly import ChoiceDraft, PartDraft
from pytest_llmcassette.protocols.json_stream import json_object
from pytest_llmcassette.protocols.transcript import ServerToolCall, ServerToolResult, ToolCall
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_json_text, as_str, index_of


class ToolCallDrafts:
    """The growing tool calls of one choice.

    By the book a delta has an `index`, and `id` and `name` come once. Seen or allowed for: no index, or another one in
    each delta; the id and name again in every delta, or another id in each; index 0 for all calls; interleaved calls.
    """

    __slots__ = ("_by_id", "_by_index", "_choice", "_last", "_serial")

    def __init__(self, choice: ChoiceDraft) -> None:
        self._choice = choice
        self._by_index: dict[int, PartDraft] = {}
        self._by_id: dict[str, PartDraft] = {}
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
        value = function.get("arguments")
        arguments = as_json_text(custom.get("input") if value is None else value)
        draft = self._new() if whole else self._draft(as_int(delta.get("index")), call_id, name, arguments)
        if draft.id is None and call_id is not None:
            draft.id = call_id
            self._by_id.setdefault(call_id, draft)
        if name is not None:
            _grow_name(draft, name)
        if arguments:
            _grow_arguments(draft, arguments)
        signature = as_dict(as_dict(delta.get("extra_content")).get("google")).get("thought_signature")
        if isinstance(signature, str):
            draft.signature = signature

    def add_legacy(self, delta: dict[str, Any]) -> None:
        """A `function_call`, of a delta or of a message: there is only one, and it has no id."""
        draft = self._choice.part(ToolCall, "function_call")
        name = delta.get("name")
        if isinstance(name, str) and name:
            _grow_name(draft, name)
        if delta.get("arguments"):
            draft.pieces.append(as_json_text(delta["arguments"]))

    def _draft(self, index: int | None, call_id: str | None, name: str | None, arguments: str) -> PartDraft:
        """The call that a delta belongs to: of its id, else of its index, else the last one; or a new one."""
        there = None if index is None else self._by_index.get(index)
        known = self._by_id.get(call_id) if call_id else None
        if known is not None and there is not None and there.id == call_id:
            # One id for all calls, each at an index of its own.
            known = there
        elsewhere = index is not None and there is None
        if known is not None and name and known.name and _is_another(known, name, arguments, elsewhere=elsewhere):
            known = self._new()
        if known is None:
            known = self._last if index is None else there
            if index is not None and known is None and not (call_id or name):
                # An index that names no call: numbers that drift from delta to delta, and mean the open call.
                known = self._last
            elif known is None or _begins(known, index, call_id, name, arguments):
                known = self._new()
        if known is None:
            known = self._new()
        if index is not None and (call_id or name or not self._by_index):
            self._by_index[index] = known
        self._last = known
        return known

    def _new(self) -> PartDraft:
        self._serial += 1
        return self._choice.part(ToolCall, ("call", self._serial))


def _begins(known: PartDraft, index: int | None, call_id: str | None, name: str | None, arguments: str) -> bool:
    """Whether a delta for a known call is the first of another one.

    It is when it names a function under another id. Another id alone does not tell (vLLM made up a new one for every
    delta), nor does a name alone (NIM repeats it), nor both in the middle of arguments (MiniMax): they begin a call
    once the arguments of the known one are whole, and are not said again.
    """
    if call_id is not None and known.id is not None and name is not None:
        return name != known.name or index is None or not _goes_on(known, arguments)
    if name is not None and call_id is None and index is None and known.name not in (None, name):
        return True
    if name is None and (call_id is None or known.id is None):
        return False
    if known.name is None:
        return False
    if call_id is None and known.id is not None and name == known.name and _says_again(known, arguments):
        return False
    return _are_whole(known) and bool(arguments or name != known.name)


def _is_another(known: PartDraft, name: str, arguments: str, *, elsewhere: bool) -> bool:
    """Whether a delta under a known id is of another call all the same: some hosts give one id to all."""
    if name != known.name and elsewhere:
        return True
    if not _are_whole(known):
        return False
    return name != known.name or (json_object(arguments) is not None and not _says_again(known, arguments))


def _goes_on(call: PartDraft, arguments: str) -> bool:
    """Whether these arguments are more of a call's: the first where it has none, and then no beginning."""
    if not any(call.pieces):
        return bool(arguments)
    return not _are_whole(call) and not arguments.lstrip().startswith("{")


def _says_again(call: PartDraft, arguments: str) -> bool:
    said = json_object(arguments)
    return said is not None and said == json_object("".join(call.pieces))


def _are_whole(call: PartDraft) -> bool:
    text = "".join(call.pieces).strip()
    return text.endswith("}") and json_object(text) is not None


def _grow_arguments(draft: PartDraft, arguments: str) -> None:
    """More arguments. Behind whole ones there can be none: what comes is the same again, or what stands instead."""
    if draft.pieces and arguments.lstrip()[:1] == "{":
        said = "".join(draft.pieces)
        again = json_object(arguments) if _are_whole(draft) else None
        if again is not None and again == json_object(said):
            return
        if again is not None or said.strip() == "{}":
            draft.pieces = []
    draft.pieces.append(arguments)


def _grow_name(draft: PartDraft, name: str) -> None:
    """More of a name: a piece of it (Gemini), or all of it so far. Where arguments have begun it is known."""
    if draft.name is None or name.startswith(draft.name):
        draft.name = name
    elif not any(draft.pieces):
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
