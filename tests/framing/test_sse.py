"""Server-sent events against the rules of the WHATWG HTML standard, section 9.2.6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.framing.sse import ServerSentEvent, blocks, parse


def event(data: str, name: str = "") -> ServerSentEvent:
    return ServerSentEvent(name, data)


RULES = {
    "LF": (b"data: a\n\ndata: b\n\n", [event("a"), event("b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [event("a"), event("b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [event("a"), event("b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [event("a"), event("b"), event("c")]),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [event("a")]),
    "BOM only at the start": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [event("a")]),
    "comment": (b": OPENROUTER PROCESSING\n\ndata: a\n: in between\ndata: b\n\n", [event("a\nb")]),
    "no space after the colon": (b"data:a\n\n", [event("a")]),
    "only one space is dropped": (b"data:  a \n\n", [event(" a ")]),
    "colon in the value": (b'data: {"a": 1}\n\n', [event('{"a": 1}')]),
    "several data lines": (b"data: a\ndata:\ndata: b\n\n", [event("a\n\nb")]),
    "data before event": (b"data: a\nevent: ping\n\n", [event("a", "ping")]),
    "the last event name counts": (b"event: a\nevent: b\ndata: x\n\n", [event("x", "b")]),
    "event without data is not dispatched": (b"event: ping\n\ndata: a\n\n", [event("a")]),
    "field without a colon": (b"data\n\n", [event("")]),
    "unknown fields": (b"foo: bar\ndata: a\nDATA: b\n data: c\n\n", [event("a")]),
    "id and retry": (b"id: 1\nretry: 250\ndata: a\n\nid\n\n", [event("a")]),
    "many blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [event("a"), event("b")]),
    "no line ends": ("data: a\u2028b\x0bc\x85d\n\n".encode(), [event("a\u2028b\x0bc\x85d")]),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    body, expected = RULES[name]
    assert parse(body) == (expected, None, False)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"data: a\n\ndata: b\n", "data: b\n"),
        (b"data: a\n\ndata: b", "data: b"),
        (b"data: a\n\nda", "da"),
        (b"data: a\n\nevent: x", "event: x"),
        (b"data: a\r\n\r\ndata: b\r\n", "data: b\n"),
    ],
)
def test_an_unterminated_tail_is_reported(body: bytes, text: str) -> None:
    assert parse(body) == ([event("a")], text, False)


@pytest.mark.parametrize("end", [b"", b"\n", b": bye", b": bye\n", b"\r\n"])
def test_blank_lines_and_comments_are_no_tail(end: bytes) -> None:
    assert parse(b"data: a\n\n" + end) == ([event("a")], None, False)


def test_invalid_utf8_is_replaced_and_noted() -> None:
    assert parse(b"data: a\xff\xe2\x82b\n\n") == ([event("a\ufffd\ufffdb")], None, True)
    assert parse(b"data: a\n\ndata: \xff") == ([event("a")], "data: \ufffd", True)


Stream = tuple[bytes, list[ServerSentEvent]]
names = st.sampled_from(["", "ping", "message_start"])
lines = st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1, max_size=3)
ends = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """A stream written by hand, with the events that it holds."""
    written, events = "", []
    for name, data in draw(st.lists(st.tuples(names, lines), max_size=6)):
        fields = [f"data: {line}" for line in data]
        if name:
            fields.insert(draw(st.integers(0, len(fields))), f"event:{name}")
        if draw(st.booleans()):
            fields.insert(draw(st.integers(0, len(fields))), ": comment")
        written += "".join(field + draw(ends) for field in fields)
        # A lone LF after a CR would be the second half of that line's end.
        written += draw(ends.filter(lambda end: end != "\n")) if written.endswith("\r") else draw(ends)
        events.append(event("\n".join(data), name))
    return written.encode(), events


@given(streams())
def test_the_events_that_were_written_are_read(stream: Stream) -> None:
    body, expected = stream
    assert parse(body) == (expected, None, False)


@pytest.mark.parametrize(
    "cut",
    [
        [b"data: a\n\n", b": waits\n\n\n", b"data: b\n\n", b"data: c"],
        [b"event: x\r\ndata: a\r\n\r\n", b"data: b\r\n\r\n"],
        [b"data: a\r\r", b"data: b\r\n\n"],
        [],
    ],
)
def test_a_body_is_cut_behind_its_blank_lines(cut: list[bytes]) -> None:
    assert blocks(b"".join(cut)) == cut
