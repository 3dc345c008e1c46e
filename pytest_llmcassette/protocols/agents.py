"""Agents' own protocols, JSON-RPC both: `mcp.message` (an agent and its tools), `a2a.message` (agents and agents).

Formats: https://modelcontextprotocol.io/specification, over streamable HTTP and over the older pair of an event stream
and posts; https://a2a-protocol.org/latest/specification/. Neither counts tokens: what they cost nobody says.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of
from pytest_llmcassette.protocols.transcript import ServerToolCall, ServerToolResult
from pytest_llmcassette.protocols.wire_values import as_dict, as_json_text, as_list, as_str, dict_list

_OF_MCP = ("initialize", "tools/", "resources/", "prompts/", "completion/", "ping", "logging/", "tasks/list")
_OF_A2A = ("message/", "tasks/", "agent/", "SendMessage", "SendStreamingMessage", "GetTask", "SubscribeToTask")
_NAMED = {"initialize": "server", "tools/list": "tools", "prompts/list": "prompts", "resources/list": "resources"}


def _asked(exchange: Exchange) -> list[dict[str, Any]]:
    """The JSON-RPC requests that were posted, one or several at once, without notifications, which want no answer."""
    document = exchange.request_json
    listed = document if isinstance(document, list) else [document]
    return [one for one in dict_list(listed) if one.get("jsonrpc") and one.get("id") is not None]


class _RpcAnswer(DocumentAnswer):
    """The answers to the requests of one post, as a document or as events among notifications."""

    takes = (dict, list)

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._requests = {str(one["id"]): one for one in _asked(exchange)}

    def plain(self, document: object) -> None:
        """Take in the answers; the older transport sends them elsewhere and says no more than that it will."""
        if document is None and self.exchange.status == 202:
            self._begun = self.ended = True
            for request in self._requests.values():
                self.asked(as_str(request.get("method")) or "", as_dict(request.get("params")))
        else:
            # An error is the answer to one request, not to all.
            listed = document if isinstance(document, list) else [document]
            self._begun = self.ended = bool(dict_list(listed))
            for one in dict_list(listed):
                self._answer(one)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one message of a stream."""
        self._begun = True
        self._answer(event)

    def _answer(self, message: dict[str, Any]) -> None:
        method = as_str(message.get("method"))
        if method is not None:
            # The server's own: a notification, or a question of its to the client.
            if message.get("id") is not None:
                self.other(method, message.get("params"))
            return
        request = self._requests.get(str(message.get("id")), {})
        asked = as_str(request.get("method")) or ""
        self.asked(asked, as_dict(request.get("params")))
        self.ended = True
        if message.get("error"):
            self.error = error_object(message, status=None)
        else:
            self.answered(asked, as_dict(request.get("params")), as_dict(message.get("result")))

    def asked(self, method: str, params: dict[str, Any]) -> None:
        """What is to be shown of a request beside its answer."""

    @abstractmethod
    def answered(self, method: str, params: dict[str, Any], result: dict[str, Any]) -> None:
        """What one request was answered."""


class _Tools(_RpcAnswer):
    answers_with = "tool"

    def asked(self, method: str, params: dict[str, Any]) -> None:
        """The tool and its arguments."""
        if method == "tools/call":
            words = as_json_text(params.get("arguments"))
            self._choice.add(ServerToolCall(id=None, name=as_str(params.get("name")), arguments=words))

    def answered(self, method: str, params: dict[str, Any], result: dict[str, Any]) -> None:
        """A tool's result, the names of what a server has, or whatever else was asked."""
        if method == "tools/call" or "content" in result:
            content = [_content(one) for one in as_list(result.get("content"))]
            told = result.get("structuredContent", content[0] if len(content) == 1 else content)
            self._choice.add(ServerToolResult(id=None, name=as_str(params.get("name")), content=told))
            if result.get("isError") is True:
                self.stop("error")
        elif method == "initialize":
            self.other("server", {**as_dict(result.get("serverInfo")), "protocol": result.get("protocolVersion")})
        else:
            entries = dict_list(result.get(_NAMED.get(method, "")))
            self.other(_NAMED.get(method, method), [one.get("name") for one in entries] or result)


def _content(one: Any) -> Any:
    fields = as_dict(one)
    return fields["text"] if fields.get("type") == "text" else one


class _Agent(_RpcAnswer):
    answers_with = "agent"

    def answered(self, method: str, params: dict[str, Any], result: dict[str, Any]) -> None:
        """A message, a task as it is by now, or how it has changed."""
        result = next((as_dict(result[name]) for name in _WRAPPED if isinstance(result.get(name), dict)), result)
        self.id = as_str(result.get("taskId")) or as_str(result.get("id")) or self.id
        status = as_dict(result.get("status"))
        for message in (result, as_dict(status.get("message")), as_dict(result.get("artifact"))):
            self._parts(message)
        for artifact in dict_list(result.get("artifacts")):
            self._parts(artifact)
        if status:
            self._choice.finish_reason = as_str(status.get("state"))

    def _parts(self, message: dict[str, Any]) -> None:
        for part in dict_list(message.get("parts")):
            file = as_dict(part.get("file")) or part
            media_type = as_str(file.get("mimeType")) or as_str(file.get("mediaType"))
            data, address = file.get("bytes", file.get("raw")), file.get("uri", file.get("url"))
            if isinstance(part.get("text"), str):
                self.say(part["text"])
            elif (medium := media_of("file", media_type, data, address)) is not None:
                self._choice.add(medium)
            else:
                self.other("data", part.get("data"))


# Since version 1.0 a result is named by its kind.
_WRAPPED = ("task", "message", "statusUpdate", "artifactUpdate")


def _is_asked(exchange: Exchange, methods: tuple[str, ...]) -> bool:
    """By the methods of the requests, at any URL."""
    asked = _asked(exchange)
    return bool(asked) and all(str(one.get("method", "")).startswith(methods) for one in asked)


def _is_mcp(exchange: Exchange) -> bool:
    """Requests of a client to an MCP server, or the stream on which the older transport answers."""
    stream = exchange.posted_to == "" and b"event: endpoint" in exchange.body[:200]
    return _is_asked(exchange, _OF_MCP) or (stream and b'"jsonrpc"' in exchange.body)


def _is_a2a(exchange: Exchange) -> bool:
    """Messages from one agent to another, and its tasks."""
    return _is_asked(exchange, _OF_A2A)


PROTOCOLS = (ProtocolRow("mcp.message", _Tools, _is_mcp), ProtocolRow("a2a.message", _Agent, _is_a2a))
