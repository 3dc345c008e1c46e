"""What Bedrock bills beside its models' answers: `bedrock.rerank` and `bedrock.guardrail` (a text checked by itself).

Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html and
.../API_runtime_ApplyGuardrail.html. A ranking is billed by queries of up to 100 documents, a guardrail by text units.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, counts_in, dict_list

_PER_QUERY = 100


class _Ranking(DocumentAnswer):
    answers_with = "rerank"

    def request_model(self) -> str | None:
        """The end of the model's ARN."""
        asked = as_dict(as_dict(self.exchange.asked("rerankingConfiguration")).get("bedrockRerankingConfiguration"))
        arn = as_dict(asked.get("modelConfiguration")).get("modelArn")
        return arn.rpartition("/")[2] if isinstance(arn, str) else None

    def take(self, document: Any) -> None:
        """Which source is how relevant."""
        kept = ("index", "relevanceScore")
        found = [{name: entry.get(name) for name in kept} for entry in dict_list(document.get("results"))]
        self.other("ranking", found)
        sources = len(as_list(self.exchange.asked("sources")))
        self.counts = counted(None, search_units=-(-sources // _PER_QUERY) or None)


class _Check(DocumentAnswer):
    answers_with = "moderation"

    def take(self, document: Any) -> None:
        """What the guardrail did, and what it answers instead."""
        for output in dict_list(document.get("outputs")):
            self.say(output.get("text"))
        self.other("assessments", document.get("assessments"))
        self.stop(document.get("action"))
        units = {name: count for name, count in counts_in(document.get("usage")).items() if count}
        self.counts = counted(document.get("usage"), **units)


PROTOCOLS = (RoutedProtocol("bedrock.rerank", _Ranking), RoutedProtocol("bedrock.guardrail", _Check))
