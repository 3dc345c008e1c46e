"""Server-sent events against the rules of the WHATWG HTML standard, section 9.2.6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmcassette.framing.sse import ServerSentEvent, SSEDecoder, parse


def event(data: str, name: str = "", last_id: str = "") -> ServerSentEvent:
    return ServerSentEvent(name, data, last_id)


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
    "id stays until the next": (
        b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
        [event("a", "", "1"), event("b", "", "1"), event("c")],
    ),
    "id with a NUL is ignored": (b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [event("a", "", "1"), event("b", "", "1")]),
    "many blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [event("a"), event("b")]),
    "no line ends": ("data: a\u2028b\x0bc\x85d\n\n".encode(), [event("a\u2028b\x0bc\x85d")]),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    body, expected = RULES[name]
    assert parse(body) == (expected, None)


@pytest.mark.parametrize("name", RULES)
def test_one_byte_at_a_time(name: str) -> None:
    body, expected = RULES[name]
    decoder = SSEDecoder()
    events = [found for byte in body for found in decoder.feed(bytes([byte]))]
    assert (events, decoder.finish()) == (expected, None)


@pytest.mark.parametrize(
    ("body", "text", "data"),
    [
        (b"data: a\n\ndata: b\n", "data: b\n", "b"),
        (b"data: a\n\ndata: b", "data: b", "b"),
        (b"data: a\n\nda", "da", None),
        (b"data: a\n\nevent: x", "event: x", None),
        (b"data: a\r\n\r\ndata: b\r\n", "data: b\n", "b"),
    ],
)
def test_an_unterminated_tail_is_reported(body: bytes, text: str, data: str) -> None:
    events, tail = parse(body)
    assert events == [event("a")]
    assert tail is not None
    assert tail.text == text
    assert (tail.event and tail.event.data) == data


@pytest.mark.parametrize("end", [b"", b"\n", b": bye", b": bye\n", b"\r\n"])
def test_blank_lines_and_comments_are_no_tail(end: bytes) -> None:
    assert parse(b"data: a\n\n" + end) == ([event("a")], None)


def test_an_event_is_dispatched_as_soon_as_its_blank_line_began() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [event("a")]
    assert decoder.feed(b"\ndata: b\n\n") == [event("b")]


def test_retry_and_comments_are_counted() -> None:
    decoder = SSEDecoder()
    decoder.feed(b": one\n: two\n\nretry: 250\n\nretry: soon\ndata: a\n\n")
    assert decoder.retry == 250
    assert decoder.comments == 2


def test_invalid_utf8_is_replaced_and_noted() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\xff\xe2\x82b\n\n") == [event("a\ufffd\ufffdb")]
    assert decoder.invalid_utf8
    fine = SSEDecoder()
    fine.feed("data: é\n\n".encode())
    assert not fine.invalid_utf8


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


@given(streams(), st.data())
def test_any_split_gives_the_events_that_were_written(stream: Stream, data: st.DataObject) -> None:
    body, expected = stream
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    decoder = SSEDecoder()
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [found for piece in pieces for found in decoder.feed(piece)] == expected
    assert decoder.finish() is None


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"data", b":", b" ", b"a", b"\xff", b"\xef\xbb\xbf", b"id:", b"event:"]))
)
def test_no_split_of_garbage_changes_what_is_read(pieces: list[bytes]) -> None:
    whole = SSEDecoder()
    expected = (whole.feed(b"".join(pieces)), whole.finish(), whole.invalid_utf8, whole.comments)
    split = SSEDecoder()
    events = [found for piece in pieces for found in split.feed(piece)]
    assert (events, split.finish(), split.invalid_utf8, split.comments) == expected
