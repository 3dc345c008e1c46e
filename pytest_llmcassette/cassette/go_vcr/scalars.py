"""How Go's YAML encoder (go.yaml.in/yaml v4.0.0-rc.3, indent 2) writes one string.

The rules were measured against that encoder; each function names the rule it stands for. A string is given as `str`
with `surrogateescape` for bytes that are not UTF-8, as everywhere in a cassette's model.
"""

from __future__ import annotations

import base64
import json
import re
from calendar import monthrange
from functools import lru_cache

from pytest_llmcassette.cassette.encoding import is_utf8
from pytest_llmcassette.cassette.go_vcr.ordinary import is_ordinary

BREAKS = "\r\n\x85\u2028\u2029"

# Neither printable nor allowed raw in a plain, single-quoted or literal scalar. Above U+FFFF counts as special.
_SPECIAL = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]|\ufeff")
# A literal block may hold any of the printable characters and the tab.
_GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_SPACE = re.compile(f"[^{_GO_SPACE}]")

_WORDS = (
    frozenset(
        word
        for base in ("true", "false", "null", "yes", "no", "on", "off")
        for word in (base, base.capitalize(), base.upper())
    )
    | frozenset(["", "~", "y", "Y", "n", "N", "<<", "-0", "-0.0"])
    | frozenset(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF"))
    | frozenset([".nan", ".NaN", ".NAN"])
)

_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z")
# Go cuts these two prefixes off and reads the rest as a number of that base: a sign may stand behind them.
_INNER_SIGN = re.compile(r"0(?:b([-+][01]+)|o([-+][0-7]+))\Z")
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?\Z")


def is_string(text: str) -> bool:
    """Whether a plain `text` reads back as a string (rule 3); everything else must be quoted."""
    if text in _WORDS:
        return False
    first = text[0]
    if first in "+-0123456789":
        return not (_BASE_60.match(text) or _is_timestamp(text) or _is_number(text.replace("_", "")))
    if first == ".":
        return not (_DOT_FLOAT.match(text) and _is_finite(text.replace("_", "")))
    return True


def _is_number(text: str) -> bool:
    found = _INT.match(text)
    if found:
        sign, hexadecimal, binary, octal, decimal = found.groups()
        if hexadecimal:
            value = int(hexadecimal, 16)
        elif binary:
            value = int(binary, 2)
        elif octal:
            value = int(octal, 8)
        else:
            value = int(decimal) if len(decimal) < 40 else 1 << 99
        # Go reads an int64 with any sign, or a uint64 without one.
        if -(1 << 63) <= (-value if sign == "-" else value) < (1 << 63) or (not sign and value < 1 << 64):
            return True
    if _FLOAT.match(text):
        return _is_finite(text)
    found = _INNER_SIGN.match(text)
    if found:
        value = int(found[1], 2) if found[1] else int(found[2], 8)
        return -(1 << 63) <= value < 1 << 63
    return False


def _is_finite(text: str) -> bool:
    """False when Go's ParseFloat reports an overflow, which leaves the text a string."""
    return float(text) not in (float("inf"), float("-inf"))


def _is_timestamp(text: str) -> bool:
    found = _DATE.match(text)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    # Go's calendar has a leap year 0, which Python's does not: any leap year stands for it.
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 2000, month)[1]:
        return False
    rest = text[found.end() :]
    if not rest:
        return True
    separator = rest[0]
    found = _TIME.match(rest[1:].lstrip(" ") if separator == " " else rest[1:]) if separator in "Tt " else None
    if not found:
        return False
    hours, minutes, seconds, zone = found.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 59:
        return False
    if separator == " ":
        return zone is None
    return zone is not None and (zone == "Z" or (int(zone[1:3]) <= 24 and int(zone[4:]) <= 60))


_PLAIN_UNSAFE = re.compile(
    "[\r\n\x85\u2028\u2029\t]"
    "|\\A[ #,\\[\\]{}&*!|>'\"%@`]"
    "| \\Z"
    "|\\A---|\\A\\.\\.\\."
    "|\\A[-?](?:[ \t]|\\Z)"
    "|:(?:[ \t]|\\Z)"
    "|(?<=[ \t\x00\r\n\x85\u2028\u2029])#"
)
_SINGLE_UNSAFE = re.compile("\t| [\r\n\x85\u2028\u2029]|[\r\n\x85\u2028\u2029] ")
_LITERAL_UNSAFE = re.compile(" [\r\n\x85\u2028\u2029]")
_OWN_LINE = re.compile("([\n\u2028\u2029])(?=[^\n\u2028\u2029])")
# From the break backwards: one byte is found faster than two.
_SPACE_AT_END = re.compile(rb"\n(?<= \n)")
_SHORT = 200
_ONE_LINE = 51
_WHOLE_LINES = 105 * 512
_SURROGATE = re.compile("[\ud800-\udfff]")

_NAMED = {
    0x00: "\\0", 0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r",
    0x1B: "\\e", 0x22: '\\"', 0x5C: "\\\\", 0x85: "\\N", 0xA0: "\\_", 0x2028: "\\L", 0x2029: "\\P",
}  # fmt: skip
_MUST_ESCAPE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    named = _NAMED.get(code)
    if named:
        return named
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


_ANY = re.compile("(?s).")
# What JSON leaves as it is and Go escapes; and JSON's \\u00XX, which Go writes in another way, behind no backslash.
_BEYOND_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]")
_JSON_CONTROL = re.compile(r"(?<!\\)(?:\\\\)*\\u")
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def double_quoted(text: str) -> str:
    """The double-quoted form (rule 10)."""
    if text.startswith("\ufeff"):
        # libyaml's BOM test looks at the start of the text whatever the position: then every character is escaped.
        return f'"{_ANY.sub(_escape, text)}"'
    # JSON escapes nearly the same characters in the same way, in C.
    quoted = _as_json(text)
    if "\\u" in quoted and _JSON_CONTROL.search(quoted):
        return f'"{_MUST_ESCAPE.sub(_escape, text)}"'
    return quoted if quoted.isascii() and "\x7f" not in quoted else _BEYOND_JSON.sub(_escape, quoted)


def body_scalar(raw: bytes, indent: str) -> list[bytes]:
    """A body as Go writes it after `body:`, with the end of its last line, in pieces to be written one by one."""
    # Most are streams of lines or one line of JSON, in which nothing is special: nobody need look at each character.
    quick = _quick_scalar(raw, indent.encode("ascii"))
    if quick is not None:
        return [*quick, b"\n"]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return [*_binary_pieces(raw, indent.encode("ascii")), b"\n"]
    written = _text_scalar(text, indent)
    # A block that ends in LS or PS has ended its line with it.
    ended = text[-1:] in ("\u2028", "\u2029") and written[-1] == text[-1]
    return [written.encode("utf-8"), b"" if ended else b"\n"]


def _quick_scalar(raw: bytes, indent: bytes) -> tuple[bytes, ...] | None:
    if not is_ordinary(raw) or not (raw.isascii() or is_utf8(raw)):
        return None
    if b"\n" not in raw:
        # Text with these is plain in no case.
        quoted = (raw[:1] in (b"{", b"[") or b": " in raw) and b"\t" not in raw
        return (b"'", raw.replace(b"'", b"''"), b"'") if quoted else None
    if raw[:1] in (b"\t", b"\n", b" ") or raw[-1:] == b" " or _SPACE_AT_END.search(raw):
        return None
    chomping = b"+" if raw.endswith(b"\n\n") else b"" if raw.endswith(b"\n") else b"-"
    content = raw if chomping == b"-" else raw[:-1]
    # No line ends in a space, so what ends in the indent is an empty line.
    lines = content.replace(b"\n", b"\n" + indent).replace(indent + b"\n", b"\n")
    if content.endswith(b"\n"):
        lines = lines[: -len(indent)]
    return b"|" + chomping + b"\n" + indent, lines


@lru_cache(maxsize=4096)
def _short_scalar(text: str, indent: str) -> str:
    return _scalar(text, indent)


def scalar(text: str, indent: str) -> str:
    """`text` as Go writes it after `key:` or `-`; `indent` is that of the lines inside it (the parent's plus 2)."""
    # URLs, header values and the like are the same all over a suite.
    return _short_scalar(text, indent) if len(text) < _SHORT else _scalar(text, indent)


def _scalar(text: str, indent: str) -> str:
    if _SURROGATE.search(text):
        return _binary(_bytes(text), indent)
    return _text_scalar(text, indent)


def _text_scalar(text: str, indent: str) -> str:
    if "\n" in text:
        if len(text) < 2 or not _NOT_SPACE.search(text):
            return double_quoted(text)
        return _literal(text, indent)
    if not text or not is_string(text):
        return double_quoted(text)
    if _SPECIAL.search(text):
        return double_quoted(text)
    if not _PLAIN_UNSAFE.search(text):
        return text
    if _SINGLE_UNSAFE.search(text):
        return double_quoted(text)
    quoted = text.replace("'", "''")
    if "\u2028" in quoted or "\u2029" in quoted:
        quoted = re.sub("([\u2028\u2029])(?=[^\u2028\u2029])", r"\1" + indent, quoted)
    return f"'{quoted}'"


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A surrogate that stands for no byte: Go has none, but the message of a Python exception may.
        return text.encode("utf-8", "surrogatepass")


def _literal(text: str, indent: str) -> str:
    # Go writes a first TAB into the block and cannot read it back; neither can libyaml.
    if text[0] == "\t" or text[-1] == " " or _SPECIAL.search(text) or _LITERAL_UNSAFE.search(text):
        return double_quoted(text)
    header = "|"
    if text[0] in " \n\u2028\u2029":
        header += "2"
    if text[-1] not in "\n\u2028\u2029":
        header += "-"
    elif text[-2] in "\n\u2028\u2029":
        header += "+"
    lines = _OWN_LINE.sub(r"\1" + indent, text)
    start = "" if text[0] in "\n\u2028\u2029" else indent
    end = lines[:-1] if lines[-1] == "\n" else lines
    return f"{header}\n{start}{end}"


def _binary(raw: bytes, indent: str) -> str:
    return b"".join(_binary_pieces(raw, indent.encode("ascii"))).decode("ascii")


def _binary_pieces(raw: bytes, indent: bytes) -> list[bytes]:
    """`!!binary` and base64 in lines of 70 characters; in pieces, since it may be large."""
    if len(raw) <= _ONE_LINE:
        return [b"!!binary " + base64.b64encode(raw)]
    pieces = [b"!!binary |"]
    # Three bytes are four characters: this many bytes fill whole lines.
    for start in range(0, len(raw), _WHOLE_LINES):
        encoded = base64.b64encode(raw[start : start + _WHOLE_LINES])
        lines = [encoded[at : at + 70] for at in range(0, len(encoded), 70)]
        pieces.append(b"\n" + indent + (b"\n" + indent).join(lines))
    return pieces
