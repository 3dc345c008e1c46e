"""What is read of pages and texts: their words (`mistral.ocr`, `cohere.parse`), their classes (also at Jina).

Formats: https://docs.mistral.ai/capabilities/document_ai and .../guardrailing, https://docs.cohere.com/reference/classify.
OCR is billed by the page, what Cohere does by units of its own.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, billed_usage, counted
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.wire_values import as_dict, dict_list


class _Classes(DocumentAnswer):
    answers_with = "classification"

    def take(self, document: Any) -> None:
        """The class of each text."""
        self.other("classifications", document.get("classifications", document.get("data")))
        self.counts = billed_usage(document)


class _ParsedPages(DocumentAnswer):
    answers_with = "ocr"

    def take(self, document: Any) -> None:
        """The words of each page."""
        for position, page in enumerate(dict_list(document.get("pages"))):
            self.say(as_dict(page.get("markdown")).get("content"), key=position)
            self.other("blocks", page.get("blocks"))
        self.stop(document.get("finish_reason"))
        self.counts = billed_usage(document)


class _Pages(DocumentAnswer):
    answers_with = "ocr"

    def take(self, document: Any) -> None:
        """The words of each page."""
        for position, page in enumerate(dict_list(document.get("pages"))):
            self.say(page.get("markdown"), key=position)
        self.other("annotation", document.get("document_annotation"))
        wire = as_dict(document.get("usage_info"))
        self.counts = counted(wire, pages=wire.get("pages_processed"))


def _is_ocr(exchange: Exchange) -> bool:
    """`/v1/ocr`, at Azure and at Vertex AI too: by the document it was given, or by pages."""
    asked = exchange.asked("document") is not None
    return asked or (not is_error(exchange) and "pages" in as_dict(exchange.response_json))


class _Moderation(DocumentAnswer):
    answers_with = "moderation"

    def take(self, document: Any) -> None:
        """What each text was found to be."""
        self.other("results", document.get("results"))
        self.counts = counted(document.get("usage"))


PROTOCOLS = (
    RoutedProtocol("mistral.ocr", _Pages, _is_ocr),
    RoutedProtocol("mistral.moderation", _Moderation),
    RoutedProtocol("cohere.parse", _ParsedPages),
    RoutedProtocol("cohere.classify", _Classes),
)
