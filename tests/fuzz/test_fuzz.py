"""Whatever comes from a file or the wire: no foreign traceback, nothing lost, and no time that grows with a square.

Quick: forty inputs for each target, always the same, made of a sample of the seeds. `tox run -e fuzz` sets
LLMCASSETTE_FUZZ_SECONDS, the time for each target, takes all seeds, and begins with a number of its own, which a
failure names: LLMCASSETTE_FUZZ_SEED brings the same inputs again.
"""

from __future__ import annotations

import gzip
import os
import random
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import brotli
import pytest
import zstandard
from fuzz.mutations import TOKENS, damaged
from protocols.made import interaction
from protocols.test_cut_streams import STREAMS
from protocols.test_garbage import URLS, harmless

from pytest_llmcassette.cassette import formats
from pytest_llmcassette.cassette.encoding import InflatesTooMuch, decode_body, decode_pieces
from pytest_llmcassette.cassette.go_vcr.writer import pieces
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.framing import aws_eventstream, ndjson, sse
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.mismatch.miss import not_recorded
from pytest_llmcassette.redaction import KnownSecrets, Redactor

SECONDS = float(os.environ.get("LLMCASSETTE_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("LLMCASSETTE_FUZZ_SEED", "0")) or (time.time_ns() % 10**9 if SECONDS else 1)
INPUTS = 40
SLOW = 5.0
"""Seconds that no input of a few hundred kB may take on the slowest machine: a square would be minutes."""
SECRET = "sk-proj-of-nobody-0123456789abcdef0123456789"
_LARGEST_SEED = 60_000


@cache
def files() -> tuple[bytes, ...]:
    """Cassettes: of the corpus where there is one, else made of streams."""
    made = b"".join(pieces(interaction(url, body, request={"stream": True}) for url, body in STREAMS.values()))
    old = b"version: 1\ninteractions:\n- request:\n    body: '{}'\n    headers: {A: [b]}\n    method: POST\n    uri: http://a/b\n"
    old += b"  response:\n    body: {string: ok}\n    headers: {}\n    status: {code: 200, message: OK}\n"
    folder = os.environ.get("LLMCASSETTE_CORPUS")
    found = [] if not folder else [p for p in sorted(Path(folder).rglob("*")) if p.suffix in (".yaml", ".yml", ".json")]
    small = (path for path in found if path.stat().st_size <= _LARGEST_SEED)
    return (made, old, *(path.read_bytes() for path in islice(small, 0, 400, 1 if SECONDS else 8)))


@cache
def bodies() -> tuple[bytes, ...]:
    """What stands in them."""
    found = [body for _, body in STREAMS.values()]
    for raw in files():
        try:
            interactions = formats.read("seed.yaml", raw)
        except CassetteError:
            continue
        found += [message.body for one in interactions for message in (one.request, one.response) if message.body]
    return tuple(body for body in found if len(body) <= _LARGEST_SEED)


def read_a_file(raw: bytes, dice: random.Random) -> None:
    try:
        found = formats.read("it.yaml", raw)
    except CassetteError:
        return
    again = b"".join(pieces(found))
    assert formats.read("it.yaml", again) == found, "something was lost"


def split(raw: bytes, dice: random.Random) -> None:
    """Framing: a whole number of events, then the rest, gives what the whole does."""
    for parse in (sse.parse, ndjson.parse, aws_eventstream.parse):
        parse(raw)
    events = sse.parse(raw).events
    if b"\r" not in raw:
        head, blank, rest = raw.removeprefix("\ufeff".encode()).partition(b"\n\n")
        if blank and not rest.startswith("\ufeff".encode()):
            assert sse.parse(head + blank).events + sse.parse(rest).events == events, "an event was lost"


def read_an_answer(raw: bytes, dice: random.Random) -> None:
    harmless(dice.choice(URLS), raw, request=damaged(dice, bodies()), status=dice.choice((0, 200, 200, 200, 429, 500)))


def redact(raw: bytes, dice: random.Random) -> None:
    """A key that is known is gone, wherever it stands, and to redact once more changes nothing."""
    place = dice.randint(0, len(raw))
    body = raw[:place] + SECRET.encode() + raw[place:]
    redactor, known = Redactor(CassetteConfig()), KnownSecrets()
    kind = dice.choice(("application/json", "application/x-www-form-urlencoded", "text/event-stream", "", "text/plain"))
    headers = {"Content-Type": [kind], "Authorization": [f"Bearer {SECRET}"]}
    url = f"https://a.example/{SECRET}?key={SECRET}&x=%ff"
    redactor.learn(known, headers, url)
    request = redactor.request_with(redactor.request_headers(headers), "POST", url, body, known)
    assert SECRET.encode() not in request.body
    assert SECRET not in f"{request.url} {request.headers} {request.form}"
    assert redactor.recorded_request(request).body == request.body, "redacted twice is not redacted once"
    redactor.response(interaction(url, raw, content_type=kind).response, known)


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": lambda body: zstandard.compress(body, 1),
}


def decode(raw: bytes, dice: random.Random) -> None:
    name, encode = dice.choice(list(ENCODERS.items()))
    encoded = encode(raw)
    assert decode_body(encoded, name) == (raw, True), "something was lost"
    broken = damaged(dice, [encoded])
    try:
        decode_body(broken, name)
        decode_body(raw, dice.choice(("gzip, br", "deflate", "zstd", "nobody's")))
        decode_pieces([broken[:7], broken[7:]], name)
    except InflatesTooMuch:
        """As it says."""


def miss(raw: bytes, dice: random.Random) -> None:
    other = damaged(dice, [raw, *dice.sample(bodies(), 2)])
    sent, recorded = (interaction("https://a.example/v1", b"", request=body).request for body in (raw, other))
    matcher = Matcher(CassetteConfig())
    assert matcher.key(sent) == matcher.key(sent)
    said = not_recorded(
        sent,
        [(recorded, False)],
        CassetteConfig(),
        owner="test_it.py::test_it",
        path=Path("it.yaml"),
        adds=False,
        command="pytest",
    )
    assert str(said)


TARGETS = {
    "files": (read_a_file, files),
    "framing": (split, bodies),
    "answers": (read_an_answer, bodies),
    "redaction": (redact, bodies),
    "encodings": (decode, bodies),
    "misses": (miss, bodies),
}


def inputs(dice: random.Random, seeds: tuple[bytes, ...]) -> Iterator[bytes]:
    until = time.monotonic() + SECONDS
    number = 0
    while number < INPUTS or time.monotonic() < until:
        number += 1
        yield damaged(dice, seeds)


@pytest.mark.parametrize("target", TARGETS)
def test_damaged(target: str) -> None:
    check, seeds = TARGETS[target]
    dice = random.Random(f"{SEED} {target}")
    for number, raw in enumerate(inputs(dice, seeds())):
        try:
            check(raw, dice)
        except Exception as error:
            error.add_note(f"input {number} of LLMCASSETTE_FUZZ_SEED={SEED}: {raw[:2000]!r}")
            raise


@pytest.mark.parametrize("target", TARGETS)
def test_time_grows_with_the_size_alone(target: str) -> None:
    """Each token, and some of each seed, over and over again."""
    check, seeds = TARGETS[target]
    dice = random.Random(f"{SEED} {target}")
    repeated = [*TOKENS[1:], *(seed[: dice.randint(1, 3000)] for seed in dice.sample(seeds(), min(4, len(seeds()))))]
    for piece in repeated if SECONDS else dice.sample(repeated, 6):
        raw = dice.choice((b"", dice.choice(seeds())[:200])) + piece * (100_000 // len(piece))
        started = time.process_time()
        check(raw, dice)
        spent = time.process_time() - started
        assert spent < SLOW, f"{spent:.1f} s for {len(raw)} bytes of {piece[:80]!r} (LLMCASSETTE_FUZZ_SEED={SEED})"
