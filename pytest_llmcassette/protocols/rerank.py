"""`cohere.rerank`: documents in the order in which they answer a question, at Cohere and all who do it alike.

Format: https://docs.cohere.com/reference/rerank. Cohere bills search units, Voyage, Jina and Together tokens; Azure,
vLLM, Hugging Face's text-embeddings-inference (a bare list) and watsonx are alike.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, billed_usage
from pytest_llmcassette.protocols.wire_values import as_dict, dict_list


class _Ranking(DocumentAnswer):
    takes = (dict, list)
    answers_with = "rerank"

    def take(self, document: Any) -> None:
        """Which document is how relevant."""
        fields = as_dict(document)
        listed = document if isinstance(document, list) else fields.get("results", fields.get("data"))
        self.other("ranking", [_placed(entry) for entry in dict_list(listed or fields.get("rankings"))])
        self.counts = billed_usage(fields)


def _placed(entry: dict[str, Any]) -> dict[str, Any]:
    """Without the document itself, which was asked."""
    return {name: value for name, value in entry.items() if not isinstance(value, str | dict | list)}


def _is_call(exchange: Exchange) -> bool:
    """`/rerank` under any prefix: by a question, or by the look of the answer."""
    return exchange.asked("query") is not None or b'"relevance_score"' in exchange.body


PROTOCOLS = (RoutedProtocol("cohere.rerank", _Ranking, _is_call),)
