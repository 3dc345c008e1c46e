"""IBM's watsonx.ai: `watsonx.generation` (text, streamed or plain) and `watsonx.embeddings` (vectors and rankings).

Format: https://cloud.ibm.com/apidocs/watsonx-ai. Its chat has the shape of chat completions: `openai.chat` reads it.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list, seconds_of


class _Generation(DocumentAnswer):
    answers_with = "completion"

    def take(self, document: Any) -> None:
        """The results, whole or the next piece of them. Counts are of the whole so far."""
        self.model = as_str(document.get("model_id")) or self.model
        self.created = seconds_of(document.get("created_at")) or self.created
        counts = dict(self.counts.wire) if self.counts is not None else {}
        for result in dict_list(document.get("results")):
            self.say(result.get("generated_text"))
            self.stop(as_str(result.get("stop_reason")))
            for theirs, ours in (("input_token_count", "input_tokens"), ("generated_token_count", "output_tokens")):
                # A stream counts the prompt once, and 0 from then on.
                counts[ours] = max(as_int(result.get(theirs)) or 0, counts.get(ours, 0))
        self.counts = counted(counts)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """As a whole answer."""
        self.take(event)


class _Values(DocumentAnswer):
    answers_with = "embedding"

    def take(self, document: Any) -> None:
        """A ranking; vectors are not kept."""
        self.model = as_str(document.get("model_id"))
        if self.exchange.posted_to.endswith("/rerank"):
            self.answers_with = "rerank"
            self.other("ranking", dict_list(document.get("results")))
        count = as_dict(document).get("input_token_count")
        self.counts = counted({} if count is None else {"input_tokens": count})


PROTOCOLS = (RoutedProtocol("watsonx.generation", _Generation), RoutedProtocol("watsonx.embeddings", _Values))
