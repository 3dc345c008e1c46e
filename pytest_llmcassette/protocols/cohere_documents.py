"""`cohere.classify` (at Jina too) and `cohere.parse`: classes of texts, and the words of pages.

Format: https://docs.cohere.com/reference/classify. Both are billed by units of their own.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, billed_usage
from pytest_llmcassette.protocols.wire_values import as_dict, dict_list


class _Classes(DocumentAnswer):
    answers_with = "classification"

    def take(self, document: Any) -> None:
        """The class of each text."""
        self.other("classifications", document.get("classifications", document.get("data")))
        self.counts = billed_usage(document)


class _Pages(DocumentAnswer):
    answers_with = "ocr"

    def take(self, document: Any) -> None:
        """The words of each page."""
        for position, page in enumerate(dict_list(document.get("pages"))):
            self.say(as_dict(page.get("markdown")).get("content"), key=position)
            self.other("blocks", page.get("blocks"))
        self.stop(document.get("finish_reason"))
        self.counts = billed_usage(document)


PROTOCOLS = (RoutedProtocol("cohere.classify", _Classes), RoutedProtocol("cohere.parse", _Pages))
