"""The words of requests: under which names the wire protocols keep a conversation. One table for all who look for one.

Redaction leaves these members to their words, snapshots show what they add, the terminal and the page read them out.
"""

from __future__ import annotations

HISTORY = {"chat_history": "message", "messages": "message", "contents": "turn", "input": "item"}
"""The conversation so far, and what one of its items is called; `input` is a list of items, or one question."""

QUESTIONS = ("prompt", "inputText", "texts", "inputs", "message")
"""What is asked, beside a history or without one: a question's text, texts to embed."""

SYSTEM = ("system", "instructions", "systemInstruction", "system_instruction", "preamble")
"""The system prompt."""

TOOLS = "tools"
"""The tools that the model may call."""

VALUES = frozenset({"arguments", "args"})
"""What a tool takes: whatever its members are called, they are the tool's own."""

SAID = frozenset({"completion", "content", "delta", "generation", "output", "partial_json", "response", "text"})
"""Where answers have what a model has said: a text, be it JSON."""

CONVERSATION = frozenset({*HISTORY, *SYSTEM, TOOLS, *VALUES, "tool_calls"})
"""The members in which nothing is secret by its name: what was said, and what a tool takes."""

CALLS = frozenset(
    {
        "custom_tool_call",
        "function_call",
        "mcp_tool_use",
        "server_tool_use",
        "tool-call",
        "tool_call",
        "tool_use",
    }
)
"""The types of parts that call a tool."""

RESULTS = frozenset({"tool_result", "function_call_output", "custom_tool_call_output"})
"""The types of parts that hold what a tool gave back."""
