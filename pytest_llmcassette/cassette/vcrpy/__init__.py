"""VCR.py's cassettes (`version: 1`), with the serializers that real projects put around them."""

from __future__ import annotations

from pytest_llmcassette.cassette.formats import Document, Format
from pytest_llmcassette.cassette.vcrpy.reader import interactions_of
from pytest_llmcassette.cassette.yaml.fields import first_request


def _sniff(document: Document) -> bool:
    version = document.root.get("version")
    # Some projects' own serializers leave the version out.
    return version == "1" or (version is None and "uri" in first_request(document.root))


FORMATS = (
    Format(
        name="VCR.py",
        mark="`version: 1`",
        suffixes=(".yaml", ".yml"),
        sniff=_sniff,
        read=lambda document: interactions_of(document.root),
    ),
)
