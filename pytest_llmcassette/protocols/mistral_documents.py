"""Mistral's APIs that read: `mistral.ocr` (documents, billed by the page) and `mistral.moderation` (classes of texts).

Format: https://docs.mistral.ai/capabilities/document_ai and https://docs.mistral.ai/capabilities/guardrailing.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.wire_values import as_dict, dict_list


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


class _Classes(DocumentAnswer):
    answers_with = "moderation"

    def take(self, document: Any) -> None:
        """What each text was found to be."""
        self.other("results", document.get("results"))
        self.counts = counted(document.get("usage"))


PROTOCOLS = (RoutedProtocol("mistral.ocr", _Pages, _is_ocr), RoutedProtocol("mistral.moderation", _Classes))
