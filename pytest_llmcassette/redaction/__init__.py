"""What may be written to a cassette: headers by allow-list, secrets by name, the rest untouched."""

from __future__ import annotations

from pytest_llmcassette.redaction.known_secrets import KnownSecrets
from pytest_llmcassette.redaction.names import REDACTED, is_secret_header
from pytest_llmcassette.redaction.redactor import Redactor

__all__ = ["REDACTED", "KnownSecrets", "Redactor", "is_secret_header"]
