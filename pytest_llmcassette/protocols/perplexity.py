"""Perplexity beside its chat: `perplexity.search` (pages of the web, billed by the search) and `perplexity.async`.

Format: https://docs.perplexity.ai/api-reference/search-post and .../async-chat-completions-post. What is asked
asynchronously is polled; in the end a chat completion stands in the poll's answer.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, dict_list


class _Pages(DocumentAnswer):
    answers_with = "search"

    def take(self, document: Any) -> None:
        """Title and address of each page."""
        pages = dict_list(as_dict(document).get("results"))
        self.other("results", [{name: page.get(name) for name in ("title", "url")} for page in pages])
        self.counts = counted(None, searches=len(as_list(self.exchange.asked("query"))) or 1)


class PerplexityAsync(WireProtocol):
    """`/async/chat/completions/ID`, once it is completed. What it holds is read as the chat completion it is."""

    name = "perplexity.async"

    def claims(self, exchange: Exchange) -> bool:
        """By its route and a finished answer: the receipt and earlier polls are none."""
        route = exchange.route
        return route is not None and route.name == self.name and bool(_response(exchange))

    def read(self, exchange: Exchange) -> Transcript:
        """The chat completion."""
        url = f"https://{exchange.host}/chat/completions"
        read = exchange.read_inside(url, _response(exchange))
        return read or Transcript(protocol=self.name, provider=exchange.provider, stream=False)


def _response(exchange: Exchange) -> dict[str, Any]:
    return as_dict(as_dict(exchange.response_json).get("response"))


PROTOCOLS = (
    PerplexityAsync(),
    RoutedProtocol("perplexity.search", _Pages),
)
