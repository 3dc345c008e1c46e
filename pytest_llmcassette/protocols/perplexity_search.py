"""`perplexity.search`: pages of the web for a question. Billed by the search.

Format: https://docs.perplexity.ai/api-reference/search-post.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, dict_list


class _Pages(DocumentAnswer):
    answers_with = "search"

    def take(self, document: Any) -> None:
        """Title and address of each page."""
        pages = dict_list(as_dict(document).get("results"))
        self.other("results", [{name: page.get(name) for name in ("title", "url")} for page in pages])
        self.counts = counted(None, searches=len(as_list(self.exchange.asked("query"))) or 1)


class PerplexitySearch(RoutedProtocol):
    """`/search`."""

    name = "perplexity.search"
    assembly = _Pages


PROTOCOLS = (PerplexitySearch(),)
