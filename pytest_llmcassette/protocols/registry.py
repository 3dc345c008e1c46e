"""Which wire protocol an exchange speaks. Ours are imported at the first question; users may register their own.

A new protocol of ours is one module with a constant `PROTOCOLS` (`WireProtocol` instances) and one line: in `_MODULES`,
or in the table of `routes` if its URL says it all, as most do.
"""

from __future__ import annotations

from importlib import import_module

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.transcript import ExchangeError, Transcript

# Asked in this order: the narrow claims (a host, a model family inside another API) before the wide ones.
_MODULES = (
    "anthropic_messages",
    "bedrock",
    "gemini",
    "cohere",
    "ollama",
    "mistral",
    "openai_responses",
    "openai_chat",
    "openai_embeddings",
)

# Of what is said in frames, by modules that nobody else needs.
_CONVERSATIONS = ("openai_realtime", "gemini_live", "responses_socket", "xai_grpc")
_SPOKEN = ("openai.realtime", "gemini.live", "xai.chat", "xai.sample", "xai.image", "xai.video", "xai.embed")
_OF_AGENTS = ("mcp.message", "a2a.message")

_builtin: list[WireProtocol] = []
_registered: list[WireProtocol] = []


def _load() -> list[WireProtocol]:
    if not _builtin:
        modules = [import_module(f"pytest_llmcassette.protocols.{name}") for name in _MODULES]
        _builtin.extend(protocol for module in modules for protocol in module.PROTOCOLS)
    return _builtin


def names() -> tuple[str, ...]:
    """The names of all known protocols, users' own first."""
    from pytest_llmcassette.protocols.routes import ROUTES

    ours = (*(protocol.name for protocol in _load()), *dict.fromkeys(route.name for route in ROUTES), *_OF_AGENTS)
    return (*(protocol.name for protocol in _registered), *ours, *_SPOKEN)


def register(protocol: WireProtocol) -> None:
    """Add a protocol, asked before ours. Call it from a conftest.

    Raises CassetteError when the name is taken.
    """
    if protocol.name in names():
        raise CassetteError(
            f"Wire protocol {protocol.name!r} is already registered. "
            "Give yours another `name`, or call `unregister(name)` before you replace your own."
        )
    _registered.append(protocol)


def unregister(name: str) -> None:
    """Take away a protocol that `register` added. Raises CassetteError when there is none of that name."""
    for protocol in _registered:
        if protocol.name == name:
            _registered.remove(protocol)
            return
    raise CassetteError(
        f"No wire protocol {name!r} was registered by you, so none can be taken away. "
        f"Yours are: {', '.join(protocol.name for protocol in _registered) or 'none'}."
    )


def find(exchange: Exchange) -> WireProtocol | None:
    """The protocol that the exchange speaks, or None when it is no known LLM call (a poll, an upload, a redirect)."""
    if 300 <= exchange.status < 400:
        # The answer is the next hop's.
        return None
    for protocol in _registered if exchange.is_conversation else (*_registered, *_load()):
        if protocol.claims(exchange):
            return protocol
    if exchange.is_conversation:
        return next((found for module in _CONVERSATIONS if (found := _first(module, exchange)) is not None), None)
    return _at_its_url(exchange)


def _at_its_url(exchange: Exchange) -> WireProtocol | None:
    if exchange.route is not None:
        return _first(exchange.route.module, exchange)
    # Agents talk at any URL.
    is_rpc = b'"jsonrpc"' in exchange.request.body or b"event: endpoint" in exchange.response.body[:200]
    return _first("agents", exchange) if is_rpc else None


def _first(module: str, exchange: Exchange) -> WireProtocol | None:
    protocols: tuple[WireProtocol, ...] = import_module(f"pytest_llmcassette.protocols.{module}").PROTOCOLS
    return next((protocol for protocol in protocols if protocol.claims(exchange)), None)


def read(interaction: Interaction) -> Transcript | None:
    """What was answered, or None when the interaction is no known LLM call.

    Never raises: what cannot be read becomes a transcript with an error of type `unreadable` and a note.
    """
    exchange = Exchange(interaction, read)
    protocol: WireProtocol | None = None
    try:
        protocol = find(exchange)
        return None if protocol is None else protocol.read(exchange)
    except Exception as problem:
        # Everything: a user's protocol may have any bug, and a recorded body may hold anything.
        words = f"{type(problem).__name__}: {problem}"[:500]
        return Transcript(
            protocol="unknown" if protocol is None else protocol.name,
            provider=exchange.provider,
            stream=False,
            error=ExchangeError(
                status=exchange.status, type="unreadable", message=f"The recorded answer could not be read ({words})."
            ),
            notes=(f"could not be read: {words}",),
        )
