"""Keys that show by their shape what they are, wherever they stand: in a prompt, a path, an answer, a file.

One table; what makes a search cheap is derived from it. Keys without a shape of their own (32 hexadecimal digits) are
known by the name they stand under, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import unquote

from pytest_llmcassette.redaction.names import REDACTED

_ANY = "[A-Za-z0-9_-]"
_PLAIN = "[A-Za-z0-9]"
_DOTTED = rf"(?:{_ANY}|\.(?={_PLAIN}))"
_HEX = "[0-9a-f]"
_END = f"(?!{_PLAIN})"

SHAPES: tuple[tuple[str, str], ...] = (
    # OpenAI (sk-proj-, sk-svcacct-), Anthropic (sk-ant-), OpenRouter (sk-or-v1-), DeepSeek, Moonshot, DashScope, ...
    ("sk-", f"{_ANY}{{20,}}+"),
    ("ek_", f"{_PLAIN}{{20,}}+"),  # OpenAI, ephemeral
    ("AIza", f"{_ANY}{{30,}}+"),  # Google
    ("AQ.", f"{_ANY}{{30,}}+"),
    ("ya29.", f"{_DOTTED}{{20,}}+"),
    ("GOCSPX-", f"{_ANY}{{20,}}+"),
    ("gsk_", f"{_PLAIN}{{20,}}+"),  # Groq
    ("hf_", f"{_PLAIN}{{20,}}+"),  # Hugging Face
    ("xai-", f"{_PLAIN}{{20,}}+"),
    ("pplx-", f"{_PLAIN}{{20,}}+"),  # Perplexity
    ("r8_", f"{_PLAIN}{{20,}}+"),  # Replicate
    ("fw_", f"{_PLAIN}{{20,}}+"),  # Fireworks
    ("nvapi-", f"{_ANY}{{20,}}+"),
    ("tgp_v1_", f"{_ANY}{{20,}}+"),  # Together
    ("csk-", f"{_PLAIN}{{20,}}+"),  # Cerebras
    ("pa-", f"{_ANY}{{40,}}+"),  # Voyage
    ("jina_", f"{_ANY}{{20,}}+"),
    ("vck_", f"{_PLAIN}{{20,}}+"),  # Vercel
    ("sk_", f"{_HEX}{{40,}}+{_END}"),  # ElevenLabs
    ("esecret_", f"{_PLAIN}{{20,}}+"),  # Anyscale
    ("AKIA", f"[A-Z0-9]{{16}}{_END}"),  # AWS
    ("ASIA", f"[A-Z0-9]{{16}}{_END}"),
    ("ABSK", "[A-Za-z0-9+/]{40,}+={0,2}"),
    ("bedrock-api-key-", "[A-Za-z0-9+/_-]{40,}+={0,2}"),
    *((f"gh{kind}_", f"{_PLAIN}{{20,}}+") for kind in "pousr"),
    ("github_pat_", "[A-Za-z0-9_]{20,}+"),
    ("glpat-", f"{_DOTTED}{{20,}}+"),
    *((f"do{kind}_v1_", f"{_HEX}{{40,}}+") for kind in "po"),
    *((f"xox{kind}-", "[A-Za-z0-9-]{16,}+") for kind in "abprs"),
    ("xoxe.xox", "[bp]-[A-Za-z0-9-]{16,}+"),
    ("xapp-", "[0-9]-[A-Za-z0-9-]{20,}+"),
    *((f"{kind}_{mode}_", f"{_PLAIN}{{16,}}+") for kind in ("sk", "rk") for mode in ("live", "test")),  # Stripe
    ("whsec_", "[A-Za-z0-9+/]{20,}+={0,2}"),
    ("lsv2_", "(?:pt|sk)_[0-9a-f_]{20,}+"),  # LangSmith
    ("tvly-", f"{_ANY}{{20,}}+"),  # Tavily
    ("pcsk_", "[A-Za-z0-9_]{20,}+"),  # Pinecone
    ("npm_", f"{_PLAIN}{{36}}{_END}"),
    ("pypi-", f"{_ANY}{{50,}}+"),
    ("sess-", f"{_PLAIN}{{30,}}+"),  # OpenAI, of a browser's session
    ("api_org_", f"{_PLAIN}{{20,}}+"),  # Hugging Face, an organization's
    ("rpa_", f"{_PLAIN}{{30,}}+"),  # RunPod
    ("fc-", f"{_HEX}{{32}}{_END}"),  # Firecrawl
    ("e2b_", f"{_HEX}{{40}}{_END}"),
    ("phx_", f"{_PLAIN}{{30,}}+"),  # PostHog
    ("re_", f"{_PLAIN}{{8}}_{_PLAIN}{{20,}}+"),  # Resend
    ("vcp_", f"{_PLAIN}{{20,}}+"),  # Vercel, a personal one
    ("wandb_v1_", f"{_ANY}{{30,}}+"),  # Weights & Biases
    ("sbp_", f"{_HEX}{{40}}{_END}"),  # Supabase
    ("sb_secret_", f"{_ANY}{{20,}}+"),
    ("cfut_", f"{_PLAIN}{{30,}}+"),  # Cloudflare
    ("hvs.", f"{_ANY}{{24,}}+"),  # Vault
    ("dp.pt.", f"{_PLAIN}{{30,}}+"),  # Doppler
    *((f"gl{kind}-", f"{_DOTTED}{{20,}}+") for kind in ("rt", "dt", "cbt")),
    ("dckr_pat_", f"{_ANY}{{20,}}+"),
    ("shpat_", f"{_HEX}{{32}}{_END}"),  # Shopify
    ("sq0atp-", f"{_ANY}{{20,}}+"),  # Square
    ("lin_api_", f"{_PLAIN}{{30,}}+"),  # Linear
    ("ntn_", f"{_PLAIN}{{40,}}+"),  # Notion
    ("secret_", f"{_PLAIN}{{43}}{_END}"),
    ("figd_", f"{_ANY}{{30,}}+"),  # Figma
    ("PMAK-", f"{_HEX}{{24}}-{_HEX}{{34}}"),  # Postman
    ("NRAK-", f"[A-Z0-9]{{27}}{_END}"),  # New Relic
    ("glsa_", f"{_PLAIN}{{32}}_{_HEX}{{8}}"),  # Grafana
    ("sntrys_", f"{_ANY}{{40,}}+"),  # Sentry
    ("sntryu_", f"{_HEX}{{64}}{_END}"),
    ("pscale_tkn_", f"{_ANY}{{30,}}+"),  # PlanetScale
    ("key-", f"{_HEX}{{32}}{_END}"),  # Mailgun
    ("AccountKey=", "[A-Za-z0-9+/]{40,}+={0,2}"),  # Azure, in a connection string
    ("SharedAccessKey=", "[A-Za-z0-9+/]{40,}+={0,2}"),
    ("hooks.slack.com/services/", "[A-Za-z0-9/]{30,}+"),
    ("discord.com/api/webhooks/", f"[0-9]+/{_ANY}{{40,}}+"),
    ("SG.", f"{_ANY}{{16,}}+\\.{_ANY}{{16,}}+"),  # SendGrid
    ("eyJ", rf"{_ANY}{{8,}}+(?:\.{_ANY}{{8,}}+){{2,4}}"),  # a JSON web token
    (
        "-----BEGIN ",
        '(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^"]*?'
        '(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|(?=")|\\Z)',
    ),
)
"""How a key begins and, as a pattern, how it goes on."""

_PASSWORD_IN_URL = re.compile(rb"""://([^\s/@:?#"'\\<>{}$]*):([^\s/@?#"'\\<>{}$]{6,})@""")
_SIGNED_URL = re.compile(
    rb"""([?&;]|%26|u0026)(X-(?:Amz|Goog)-(?:Signature|Security-Token)|sig)=([^&\s"'\\<>#]{16,})"""
)
"""What opens a file to whoever has its address, wherever that stands."""
_PLACEHOLDER = REDACTED.encode()
_RARE = "-_.QZJKGSXz"
"""Characters that texts and base64 have seldom, the best first."""
_BEFORE = re.compile(rb"[A-Za-z0-9_+-]")
"""A key that follows one of these is a part of something else: of a word, of base64."""
_ESCAPE = re.compile(rb"\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}")
_SHORTEST = 16
_UNBROKEN = rf"(?=[^\s\"\\]{{{_SHORTEST}}})"
"""How all but keys in blocks go on, and few other words in JSON do."""
_MANY = 6
_FEWEST_KINDS = 6
"""Different characters: `sk-xxxxxxxxxxxxxxxxxxxxxxx1` is nobody's key."""


class _Search:
    """Finds the keys that are known by one rare character: a search that begins with one runs at memory speed."""

    def __init__(self, rare: str, shapes: list[tuple[str, str]]) -> None:
        self._begins = [begin.encode() for begin, _ in shapes]
        self._starts = [begin.index(rare) for begin, _ in shapes]
        # Spares a try of each shape. A few shapes are tried as soon.
        look = "" if _has_blanks(shapes[0]) or len(shapes) < _MANY else _UNBROKEN
        self._pattern = re.compile(
            (re.escape(rare) + look + f"(?:{'|'.join(_behind(rare, *one) for one in shapes)})").encode()
        )

    def keys(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where keys begin and end."""
        match = self._pattern.search(text)
        while match:
            number = (match.lastindex or 1) - 1
            start = match.start() - self._starts[number]
            is_key = _is_free(text, start) and _is_random(text[start + len(self._begins[number]) : match.end()])
            if is_key:
                yield start, match.end()
            match = self._pattern.search(text, match.end() if is_key else match.start() + 1)


def _has_blanks(shape: tuple[str, str]) -> bool:
    return " " in shape[0]


def _behind(rare: str, begin: str, rest: str) -> str:
    place = begin.index(rare)
    return f"(?<={re.escape(begin[: place + 1])}){re.escape(begin[place + 1 :])}({rest})".replace(
        # Lookbehind of what has just been read.
        f"(?<={re.escape(rare)})",
        "",
    )


def _is_free(text: bytes, start: int) -> bool:
    """Whether a key may begin here; what an escape stands for (`\\n`, `%3D`) is no letter."""
    if not start or not _BEFORE.match(text, start - 1):
        return True
    return any(_ESCAPE.fullmatch(text, max(0, start - width), start) for width in (2, 3, 6))


def _is_random(rest: bytes) -> bool:
    """Not made of words: with a digit, or letters of both cases."""
    if len(set(rest)) < _FEWEST_KINDS or _PLACEHOLDER in rest:
        return False
    return any(0x30 <= character <= 0x39 for character in rest) or not (rest.islower() or rest.isupper())


def _searches() -> tuple[_Search, ...]:
    groups: dict[tuple[str, bool], list[tuple[str, str]]] = {}
    for shape in SHAPES:
        rare = next(character for character in _RARE if character in shape[0])
        groups.setdefault((rare, _has_blanks(shape)), []).append(shape)
    for shapes in groups.values():
        # `csk-` before `sk-`, which it ends in.
        shapes.sort(key=lambda shape: -len(shape[0]))
    return tuple(_Search(rare, shapes) for (rare, _), shapes in groups.items())


_SEARCHES = _searches()


def without_keys(text: bytes, found: set[str]) -> bytes:
    """`text` with every key replaced by `REDACTED`, and every password in a URL.

    What was replaced is added to `found`.
    """
    if len(text) < _SHORTEST:
        return text
    places = sorted(place for search in _SEARCHES for place in search.keys(text))
    if places:
        pieces: list[bytes] = []
        written = 0
        for start, end in places:
            if start < written:
                continue
            found.add(text[start:end].decode("utf-8", "surrogateescape"))
            pieces += (text[written:start], _PLACEHOLDER)
            written = end
        text = b"".join([*pieces, text[written:]])
    if b"://" not in text.replace(b"\\/", b"/"):
        return text
    if b"ignature=" in text or b"sig=" in text or b"-Token=" in text:
        text = _SIGNED_URL.sub(partial(_unsigned, found), text)
    return _without_passwords(text, found) if b"@" in text else text


def _unsigned(found: set[str], match: re.Match[bytes]) -> bytes:
    if match[3] == _PLACEHOLDER:
        return match[0]
    found.add(unquote(match[3].decode("utf-8", "surrogateescape")))
    return b"%b%b=%b" % (match[1], match[2], _PLACEHOLDER)


def _without_passwords(text: bytes, found: set[str]) -> bytes:
    def replace(match: re.Match[bytes]) -> bytes:
        if _PLACEHOLDER in match[0] or match[2].isalpha():
            return match[0]
        found.add(match[2].decode("utf-8", "surrogateescape"))
        return b"://%b:%b@" % (match[1], _PLACEHOLDER)

    return _PASSWORD_IN_URL.sub(replace, text)
