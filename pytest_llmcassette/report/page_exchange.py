"""One exchange on the page: its facts, what was asked and answered as turns, and when each chunk arrived."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pytest_llmcassette.matching.mismatch.shown import length_in_common
from pytest_llmcassette.redaction.printable import printable
from pytest_llmcassette.report.matrix import cost_words, usage_words
from pytest_llmcassette.report.records import ExchangeRecord

_LONG = 1500
"""Turns of more characters scroll in a box of their own."""


def escaped(text: str) -> str:
    """Recorded text as text of the page: no markup, and nothing that reorders what is read."""
    return html.escape(printable(text))


def table(title: str, corner: str, head: str, rows: Sequence[tuple[str, str]], note: str = "") -> str:
    """A heading, a note and a table below it; `head` and the second of each of `rows` are cells."""
    body = "".join(f"<tr><th scope='row'>{escaped(name)}</th>{cells}</tr>" for name, cells in rows)
    return (
        f"<h2>{title}</h2>{note}<div class='card wide' tabindex='0' role='region' aria-label='{title}'>"
        f"<table class='matrix'><thead><tr><th scope='col'>{corner}</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def exchange_html(exchange: ExchangeRecord, number: int, before: ExchangeRecord | None = None) -> str:
    """The exchange as a section of its test; everything recorded is escaped.

    What it repeats of the exchange `before` it is folded.
    """
    turns = [_turn(kind, who, text) for kind, who, text in exchange.asked]
    known = 0 if before is None else length_in_common(exchange.asked, before.asked)
    folded = _folded(turns[:known]) if known > 1 else "".join(turns[:known])
    answers = [_turn(f"{kind} answered", title or "assistant", text) for kind, title, text in exchange.answered]
    said = f"<div class='turns'>{folded}{''.join(turns[known:])}{''.join(answers)}</div>" if turns or answers else ""
    parts = (_facts(exchange, number), said, _figures(exchange), _arrival(exchange))
    return f"<section class='exchange'>{''.join(parts)}</section>"


def _folded(turns: list[str]) -> str:
    words = f"{len(turns)} turns as before"
    return f"<details class='before'><summary>{words}</summary><div class='turns'>{''.join(turns)}</div></details>"


def _facts(exchange: ExchangeRecord, number: int) -> str:
    words = [exchange.protocol or "no LLM call", exchange.model or "", "streamed" if exchange.stream else ""]
    words.append("recorded now" if exchange.live else "")
    shown = "".join(f"<span>{escaped(word)}</span>" for word in words if word)
    status = escaped(exchange.status_words or "no answer")
    return (
        f"<div class='line'><span>{number}</span><code>{escaped(exchange.method)} {escaped(exchange.target)}</code>"
        f"<span>{status}</span>{shown}</div>"
    )


def _turn(kind: str, who: str, text: str) -> str:
    long = " long" if len(text) > _LONG else ""
    tag = "pre" if kind in ("tool answered", "result answered", "other answered") else "p"
    return (
        f"<div class='turn {escaped(kind)}'><span class='who-said'>{escaped(who)}</span>"
        f"<{tag} class='words{long}'>{escaped(text)}</{tag}></div>"
    )


def _figures(exchange: ExchangeRecord) -> str:
    if exchange.protocol is None:
        return f"<div class='line'><span>{exchange.size:,} bytes received</span></div>"
    words = [f"finish: {exchange.finish}" if exchange.finish else "", usage_words([exchange]).removeprefix("-")]
    usage = exchange.usage or {}
    for name, label in (
        ("cache_read_input_tokens", "cached"),
        ("cache_creation_input_tokens", "written to cache"),
        ("reasoning_output_tokens", "reasoning"),
    ):
        if usage.get(name):
            words.append(f"{usage[name]:,} {label}")
    shown = "".join(f"<span>{escaped(word)}</span>" for word in words if word)
    if exchange.cost:
        shown += f"<span>{escaped(cost_words([exchange]))}</span>"
    elif exchange.cost_reason:
        shown += f"<span title='{escaped(exchange.cost_reason)}'>cost unknown</span>"
    return f"<div class='line'>{shown}</div>" if shown else ""


def _arrival(exchange: ExchangeRecord) -> str:
    """A bar from the response headers to the last byte, one mark for each chunk, as high as the chunk is large."""
    if not exchange.chunks:
        return ""
    end = max(arrival for arrival, _ in exchange.chunks) or 1.0
    largest = max(size for _, size in exchange.chunks) or 1.0
    marks = "".join(
        f"<rect x='{arrival / end * 992:.1f}' y='{34 - _height(size / largest):.1f}' width='6' "
        f"height='{_height(size / largest):.1f}' rx='1.5'><title>{arrival:,.0f} ms, {size:,.0f} bytes</title></rect>"
        for arrival, size in exchange.chunks
    )
    wait = f"headers after {_time(exchange.wait_ms)}, then " if exchange.wait_ms else ""
    first = exchange.chunks[0][0]
    label = f"{len(exchange.chunks)} chunks, {wait}first chunk {_time(first)}, last {_time(end)}"
    return (
        f"<div class='arrival'><svg viewBox='0 0 1000 34' preserveAspectRatio='none' role='img' aria-label='{label}'>"
        f"{marks}</svg><div class='scale'><span>{label}</span></div></div>"
    )


def _height(share: float) -> float:
    return 6 + 26 * float(share)


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"
