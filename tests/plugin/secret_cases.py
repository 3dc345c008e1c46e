"""150 and more secrets, each in a place of its own: what is sent, what is answered, and what may be found nowhere."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import brotli
import zstandard
from servers.telling import Reply

from pytest_llmcassette.redaction.key_shapes import SHAPES
from pytest_llmcassette.redaction.names import SECRET_FIELDS

JSON = {"Content-Type": "application/json"}


@dataclass
class Case:
    """One request; `then` is sent after it, with the same reply."""

    place: str
    secret: str
    path: str = "/v1/ask"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    reply: Reply = field(default_factory=Reply)
    then: dict[str, str] | None = None
    """Headers of a second request."""

    def told(self) -> dict[str, Any]:
        """As JSON, for the suite that sends it."""
        body = base64.b64encode(self.body).decode()
        return {"path": self.path, "headers": self.headers, "body": body, "then": self.then, "secret": self.secret}


class Secrets:
    """Made up, a new one with each call: letters of both cases and digits, so that any escape leaves it as it is."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def plain(self, length: int = 24, alphabet: str = "") -> str:
        alphabet = alphabet or "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
        return "".join(self._random.choice(alphabet) for _ in range(length))

    def hexadecimal(self, length: int) -> str:
        return self.plain(length, "0123456789abcdef")

    def special(self) -> str:
        return f"{self.plain(14)}/+={self.plain(12)}&<'\"{self.plain(12)}"


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _posted(place: str, secret: str, value: Any, **more: Any) -> Case:
    return Case(place, secret, headers=JSON, body=_json(value), **more)


def by_name(make: Secrets) -> Iterator[Case]:
    """Secret names of JSON at several depths, of forms, queries, XML and multipart bodies."""
    names = [
        *SECRET_FIELDS,
        "OPENAI_API_KEY",
        "awsSecretAccessKey",
        "bearer_token",
        "webhook_secret",
        "x-api-key",
        "dbPassword",
    ]
    for name in names:
        key = make.plain()
        yield _posted(f"json {name}", key, {"model": "m", name: key})
        key = make.plain()
        yield _posted(f"deep {name}", key, {"a": [{"b": {"c": [1, {name: key}]}}]})
    for name in ("api_key", "password"):
        key = make.plain()
        yield _posted(f"list {name}", key, {name: [key, ["x", key]]})
        key = make.plain()
        yield _posted(f"object {name}", key, {name: {"type": "t", "value": key, "more": {"again": key}}})
        key = make.plain()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        yield Case(f"form {name}", key, headers=form, body=f"a=1&{name}={key}".encode())
        key = make.plain()
        boundary = {"Content-Type": "multipart/form-data; boundary=b"}
        part = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{key}\r\n--b--\r\n'
        yield Case(f"multipart {name}", key, headers=boundary, body=part.encode())
        key = make.plain()
        part = f'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n{{"{name}": "{key}"}}\r\n--b--\r\n'
        yield Case(f"json in multipart {name}", key, headers=boundary, body=part.encode())
        key = make.plain()
        yield Case(
            f"xml {name}", key, headers={"Content-Type": "text/xml"}, body=f"<a><{name}>{key}</{name}></a>".encode()
        )
    for name in ("key", "api_key", "access_token", "sig", "token", "X-Amz-Signature", "X-Amz-Security-Token", "auth"):
        key = make.plain()
        yield Case(f"query {name}", key, path=f"/v1/ask?alt=sse&{name}={key}")
    for name in ("access_token", "refresh_token", "id_token", "client_secret", "api_key"):
        key = make.plain()
        yield Case(f"answer {name}", key, reply=Reply([_json({"expires_in": 1, name: key})]))
        key = make.plain()
        yield Case(f"event {name}", key, reply=_events(_json({"type": "t", name: key})))


def by_shape(make: Secrets) -> Iterator[Case]:
    """Each shape of the table: in a prompt, in an answer, in a path or an event."""
    for number, (begin, rest) in enumerate(SHAPES):
        for place in ("prompt", "answer", ("path", "event", "text", "query")[number % 4]):
            key = begin + _fitting(begin, rest, make)
            if place == "prompt":
                yield _posted(
                    f"{place} {begin}", key, {"messages": [{"role": "user", "content": f"mine is\n{key}, is it?"}]}
                )
            elif place == "answer":
                yield Case(
                    f"{place} {begin}", key, reply=Reply([_json({"choices": [{"message": {"content": f"{key}."}}]})])
                )
            elif place == "event":
                yield Case(f"{place} {begin}", key, reply=_events(_json({"delta": f"so {key}"})))
            elif place == "text" or " " in key:
                yield Case(
                    f"{place} {begin}", key, headers={"Content-Type": "text/plain"}, body=f"use {key}\n".encode()
                )
            else:
                yield Case(
                    f"{place} {begin}", key, path=f"/v1/{quote(key)}/x" if place == "path" else f"/v1?of={quote(key)}"
                )


def _fitting(begin: str, rest: str, make: Secrets) -> str:
    if begin.startswith("-----"):
        return f"RSA PRIVATE KEY-----\n{make.plain(40)}\n-----END RSA PRIVATE KEY-----"
    if begin == "eyJ":
        return f"{make.plain()}.eyJ{make.plain()}.{make.plain(40)}"
    if begin == "SG.":
        return f"{make.plain(22)}.{make.plain(43)}"
    front = {"xapp-": "1-", "xoxe.xox": "b-", "lsv2_": "pt_"}.get(begin, "")
    length = int((re.findall(r"\{(\d+),?\}", rest) or ["20"])[0]) + (8 if "," in rest else 0)
    if "[0-9a-f" in rest:
        return front + make.hexadecimal(length)
    return front + make.plain(length, "ABCDEFGHJKLMNPQRSTUVWXYZ234567" if "[A-Z0-9]" in rest else "")


ECHOES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda key: f"wrong key {key}!".encode(),
    "json": lambda key: _json({"error": {"message": f"wrong key {key}"}}),
    "json in json": lambda key: _json({"body": json.dumps({"key": key})}),
    "percent": lambda key: quote(key, safe="").encode(),
    "percent in lower case": lambda key: re.sub("%..", lambda one: one[0].lower(), quote(key, safe="")).encode(),
    "html": lambda key: f"<p>wrong key {html.escape(key)}</p>".encode(),
    "base64": lambda key: _json({"token": "x", "seen": base64.b64encode(key.encode()).decode()}),
    "base64url": lambda key: _json({"seen": base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")}),
    "basic": lambda key: _json({"seen": "Basic " + base64.b64encode(f"user:{key}".encode()).decode()}),
    "basic as user": lambda key: _json({"seen": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}),
    "within base64": lambda key: base64.b64encode(f'{{"a": "{key}"}}'.encode()),
}


def echoed(make: Secrets) -> Iterator[Case]:
    """What a header carries comes back in an answer, in each spelling."""
    for name, echo in ECHOES.items():
        for kind, key in (("plain", make.plain()), ("special", make.special())):
            if "json" not in name or kind == "plain":
                yield Case(f"echo {name} {kind}", key, headers={"X-Api-Key": key}, reply=Reply([echo(key)]))
    for kind, value in {
        "bearer": "Bearer {}",
        "token": "Token {}",
        "own": "Api-Key {}",
        "quoted": 'Token token="{}"',
    }.items():
        key = make.plain()
        yield Case(
            f"authorization {kind}",
            key,
            headers={"Authorization": value.format(key)},
            reply=Reply([_json({"no": key})]),
        )
    for name in ("Api-Key", "X-Goog-Api-Key", "X-Auth-Token", "X-Amz-Security-Token", "Proxy-Authorization", "Cookie"):
        key = make.plain()
        value = f"session={key}" if name == "Cookie" else key
        yield Case(f"header {name}", key, headers={name: value}, reply=Reply([_json({"no": key})]))
    key = make.plain()
    basic = base64.b64encode(f"me:{key}".encode()).decode()
    yield Case(
        "basic", key, headers={"Authorization": f"Basic {basic}"}, reply=Reply([_json({"no": key, "as": basic})])
    )
    key = make.plain()
    yield Case("in the path", key, path=f"/bot{key}/send", headers={"X-Api-Key": key})
    key = make.plain()
    yield _posted("in the prompt", key, {"messages": [{"content": f"{key}?"}], "api_key": key})
    key = make.plain()
    yield Case("cut in the middle", key, headers={"X-Api-Key": key}, reply=_events(_json({"delta": key}), cut=True))
    key = make.plain()
    yield Case("reason", key, headers={"X-Api-Key": key}, reply=Reply(status=401, reason=f"Not {key}"))


def redirected(make: Secrets) -> Iterator[Case]:
    """URLs in an answer's headers, and of MCP servers."""
    for name, target in {
        "query": "/next?access_token={}&page=2",
        "fragment": "/next#access_token={}",
        "user": "http://me:{}@127.0.0.1:9/next",
        "shape": "/files/{}",
    }.items():
        key = ("sk-proj-" if name == "shape" else "") + make.plain()
        headers = {"Location": target.format(key), "Content-Type": "text/plain"}
        yield Case(f"location {name}", key, reply=Reply([b""], headers, status=201))

    key = make.plain()
    opened = {"X-Session-Token": key, "Content-Type": "text/plain"}
    yield _posted("answer's header", key, {"a": 1}, reply=Reply([f"your session {key}".encode()], opened))


def of_servers(make: Secrets) -> Iterator[Case]:
    """MCP servers among the tools and beside them."""
    for name, server in {
        "headers": {"type": "mcp", "headers": {"Authorization": "Bearer {}"}},
        "own header": {"type": "mcp", "headers": {"X-Acme-Token": "{}"}},
        "cookie": {"type": "mcp", "headers": {"Cookie": "{}"}},
        "authorization": {"type": "mcp", "authorization": "{}"},
        "env": {"command": "npx", "env": {"ACME_PAT": "{}", "DEBUG": "1"}},
        "query": {"type": "mcp", "server_url": "https://mcp.test/sse?x=1&api_key={}"},
        "user": {"type": "mcp", "server_url": "https://me:{}@mcp.test/sse"},
        "short name": {"type": "mcp", "server_url": "https://mcp.test/sse?key={}"},
    }.items():
        key = make.plain()
        yield _posted(f"tool {name}", key, json.loads(json.dumps({"tools": [server]}).replace("{}", key)))
    for name, server in {
        "token": {"type": "url", "url": "https://mcp.test", "authorization_token": "{}"},
        "query": {"type": "url", "url": "https://mcp.test/sse?token={}"},
        "headers": {"type": "url", "headers": {"Cookie": "{}"}},
    }.items():
        key = make.plain()
        yield _posted(f"server {name}", key, json.loads(json.dumps({"mcp_servers": [server]}).replace("{}", key)))


def encoded(make: Secrets) -> Iterator[Case]:
    """Bodies that are sent compressed."""
    ways: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }
    for name, compress in ways.items():
        key = make.plain()
        body = compress(_json({"api_key": key, "messages": [{"content": "hi"}]}))
        yield Case(f"encoded {name}", key, headers={**JSON, "Content-Encoding": name}, body=body)
    key = "sk-proj-" + make.plain(40)
    body = gzip.compress(_json({"messages": [{"content": key}]}))
    yield Case("shape in gzip", key, headers={**JSON, "Content-Encoding": "gzip"}, body=body)


def known_later(make: Secrets) -> Iterator[Case]:
    """A value under an innocent name that a later request has as a key."""
    for name, body in {
        "json": '{{"session": "{}"}}',
        "part": '{{"say": "I am {}, hello"}}',
        "text": "open {} now",
    }.items():
        key = make.plain()
        kind = "text/plain" if name == "text" else "application/json"
        yield Case(
            f"later {name}",
            key,
            headers={"Content-Type": kind},
            body=body.format(key).encode(),
            then={"X-Session-Token": key},
        )
    key = make.plain()
    yield Case("later path", key, path=f"/v1/sessions/{key}/open", then={"X-Session-Token": key})
    key = make.plain()
    yield Case("later query", key, path=f"/v1/open?session={key}&a=1", then={"X-Session-Token": key})
    key = make.plain()
    yield Case("later answer", key, reply=Reply([_json({"ticket": key})]), then={"Authorization": f"Bearer {key}"})
    key = "ek_" + make.hexadecimal(32)
    yield Case(
        "ephemeral", key, path="/v1/realtime/client_secrets", reply=Reply([_json({"value": key, "expires_at": 1})])
    )
    key = "ek_" + make.hexadecimal(32)
    secret = {"client_secret": {"value": key, "expires_at": 1}}
    yield Case("ephemeral object", key, path="/v1/realtime/sessions", reply=Reply([_json(secret)]))


def of_variables(make: Secrets) -> tuple[dict[str, str], list[Case]]:
    """What the environment holds, sent under innocent names."""
    variables: dict[str, str] = {}
    cases = []
    for name in ("ACME_PASSWORD", "PGPASSWORD", "ACME_TOKEN", "ACME_SECRET", "ACME_KEY", "ACME_KEY_ID"):
        key = variables[name] = make.plain(13) + "." if "PASSWORD" in name else make.plain()
        cases.append(_posted(f"variable {name}", key, {"who": key}, reply=Reply([_json({"seen": f"<{key}>"})])))
    key = make.plain()
    variables["DATABASE_URL"] = f"postgresql://app:{key}@db.test:5432/main"
    cases.append(_posted("database", key, {"dsn": variables["DATABASE_URL"]}, reply=Reply([f"no {key}".encode()])))
    key = variables["ACME_BOT_TOKEN"] = f"1234567890:AA{make.plain()}"
    cases.append(Case("bot", key, path=f"/bot{key}/send"))
    return variables, cases


def _events(*events: bytes, cut: bool = False) -> Reply:
    stream = b"".join(b"data: %b\n\n" % event for event in events) + b"data: [DONE]\n\n"
    middle = len(stream) // 2 - 8
    return Reply([stream[:middle], stream[middle:]] if cut else [stream], {"Content-Type": "text/event-stream"})


def all_cases(seed: int = 1) -> tuple[dict[str, str], list[Case]]:
    """The environment and the cases, with other secrets for each seed."""
    make = Secrets(seed)
    variables, cases = of_variables(make)
    for made in (by_name, by_shape, echoed, redirected, of_servers, encoded, known_later):
        cases += made(make)
    return variables, cases


def traces(secret: str) -> list[str]:
    """What gives a secret away: its longest run of letters and digits, as it is and in base64 at any place."""
    cores = [core for core in re.findall("[A-Za-z0-9]+", secret) if len(core) >= 12]
    found = [max(cores, key=len)]
    for before in range(3):
        raw = bytes(before) + found[0].encode()
        found.append(base64.b64encode(raw)[(0, 2, 3)[before] : len(raw) * 8 // 6].decode())
    return found
