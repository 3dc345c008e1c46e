"""Cassettes made of everything that YAML, HTTP and Unicode have ever disagreed about."""

from __future__ import annotations

from typing import Any

from characters import CHARACTERS
from hypothesis import strategies as st

from pytest_llmcassette.cassette.model import CLIENT, SERVER, Frame, FrameKind, Interaction, Request, Response

SNIPPETS = [
         "", " ", "  ", "\t", "\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\ufeff", "\x00", "\x07", "\x1b",
    "\x7f", "\xa0", "\u200b", "\ufffe", "\uffff", "😀", "é", "日本", ":", ": ", ":\n", "#", " #", "- ", "-", "? ",
    "---", "...", "--- ", "'", '"', "''", "\\", "\\n", "|", ">", "|-", "!", "!!binary ", "&a", "*a", "%", "@", "`",
    "{", "}", "[", "]", ",", "<<", "~", "null", "true", "No", "on", "1", "0", "0x1f", "1e3", "1_000", "1:30",
    ".inf", ".nan", "2024-01-02", "2024-01-02T03:04:05Z", "data: ", '{"a": 1}', "\n\n", " \n", "\n ", "\n      ",
    "\n    headers:\n", "      body: x", "x" * 80, "y" * 130, "\udcff", "\udc80\udc81",
]  # fmt: skip

texts = st.one_of(
    st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(CHARACTERS, max_size=6)), max_size=6).map("".join),
    st.binary(max_size=90).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
).map(lambda text: text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"))
"""Go strings as the model holds them: any bytes, what is not UTF-8 as escaped surrogates."""

bodies = st.one_of(texts.map(lambda text: text.encode("utf-8", "surrogateescape")), st.binary(max_size=200))
headers = st.dictionaries(texts, st.lists(texts, max_size=3), max_size=4)
numbers = st.integers(-(2**63), 2**63 - 1)
milliseconds = st.integers(0, 10**8).map(lambda microseconds: microseconds / 1000)


def mostly(usual: Any, nasty: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nasty once in eight times: a layout in which everything is odd is one that the quick reader never sees."""
    return st.integers(0, 7).flatmap(lambda dice: nasty if dice == 7 else st.just(usual))


requests = st.builds(
    Request,
    method=mostly("POST", texts),
    url=mostly("https://api.example.com/v1/x?a=1", texts),
    headers=mostly({"Content-Type": ["application/json"]}, headers),
    body=bodies,
    proto=mostly("HTTP/1.1", texts),
    proto_major=mostly(1, numbers),
    proto_minor=mostly(1, numbers),
    content_length=mostly(0, numbers),
    transfer_encoding=mostly([], st.lists(texts, max_size=2)),
    trailer=mostly({}, headers),
    host=mostly("", texts),
    remote_addr=mostly("", texts),
    request_uri=mostly("", texts),
    form=mostly({"a": ["1"]}, headers),
)
responses = st.builds(
    Response,
    code=mostly(200, numbers),
    status=mostly("200 OK", texts),
    headers=mostly({"Content-Type": ["text/event-stream; charset=utf-8"]}, headers),
    body=bodies,
    proto=mostly("HTTP/2.0", texts),
    proto_major=mostly(2, numbers),
    proto_minor=mostly(0, numbers),
    transfer_encoding=mostly([], st.lists(texts, max_size=2)),
    trailer=mostly({}, headers),
    content_length=mostly(-1, numbers),
    uncompressed=st.booleans(),
    duration_ns=numbers,
)
frames = st.builds(
    Frame,
    sender=st.sampled_from([CLIENT, SERVER]),
    data=texts.map(lambda text: text.encode("utf-8", "surrogateescape")),
    kind=st.sampled_from(FrameKind),
    at=milliseconds,
    json=mostly("", texts),
)
interactions = st.builds(
    Interaction,
    request=requests,
    response=responses,
    phase=mostly("", texts),
    end=mostly("", texts),
    end_message=mostly("", texts),
    chunks=mostly((), st.lists(st.tuples(milliseconds, st.integers(0, 10**9)), max_size=3).map(tuple)),
    frames=mostly((), st.lists(frames, max_size=3).map(tuple)),
)
cassettes = st.lists(interactions, max_size=2)
