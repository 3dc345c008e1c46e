"""What may be written to a cassette: headers by allow-list, secrets by name, the rest untouched."""

from __future__ import annotations

from pytest_llmcassette.redaction.known_secrets import KnownSecrets
from pytest_llmcassette.redaction.names import REDACTED, is_secret_header
from pytest_llmcassette.redaction.own_rules import Redact
from pytest_llmcassette.redaction.redactor import Redactor, default_redactor

__all__ = ["REDACTED", "KnownSecrets", "Redact", "Redactor", "default_redactor", "is_secret_header"]
