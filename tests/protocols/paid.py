"""Answers of the APIs that are paid for beside chats, as their documentation shows them, with what they say."""

from __future__ import annotations

from .paid_case import Paid as Paid
from .paid_google_anthropic import GOOGLE_ANTHROPIC_CASES
from .paid_mistral_cohere import MISTRAL_COHERE_CASES
from .paid_openai import OPENAI_CASES
from .paid_others import OTHER_CASES

CASES = {**OPENAI_CASES, **GOOGLE_ANTHROPIC_CASES, **MISTRAL_COHERE_CASES, **OTHER_CASES}
