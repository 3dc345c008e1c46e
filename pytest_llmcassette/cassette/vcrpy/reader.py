"""Reads VCR.py cassettes (`version: 1`), with the serializers that real projects put around it.

Body forms seen in 2,500 real files: text, `!!binary`, `{string: ...}`, `{base64_string: ...}`, `parsed_body` (a JSON
document as YAML, of pydantic-ai), null, and a mapping as a request's body. VCR.py before 6 wrote an httpx response as
`content` and `status_code` (its `httpx_stubs.py` still reads them), and a body that was a file as a Python object.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.encoding import decode_base64, decode_sniffed, is_utf8
from pytest_llmcassette.cassette.form import form_values
from pytest_llmcassette.cassette.headers import canonical, content_type_of
from pytest_llmcassette.cassette.model import Headers, Interaction, Request, Response
from pytest_llmcassette.cassette.vcrpy.parsed_body import json_text
from pytest_llmcassette.cassette.yaml.fields import Fields, interactions_in, is_null


def interactions_of(root: dict[str, Any]) -> list[Interaction]:
    """The interactions of a `version: 1` document; raises `UnreadableError` with the place of the field."""
    return [
        Interaction(request=_request(fields.mapping("request")), response=_response(fields.mapping("response")))
        for fields in interactions_in(root)
    ]


def _request(fields: Fields) -> Request:
    headers = _headers(fields)
    url, method = fields.text("uri"), fields.text("method")
    body = _body(fields, may_be_json=True)
    return Request(
        method=method,
        url=url,
        headers=headers,
        body=body,
        content_length=len(body),
        host=_host(url),
        form=form_values(method, url, headers, body),
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _response(fields: Fields) -> Response:
    headers = _headers(fields)
    code, reason = _status(fields)
    stored = _body(fields, otherwise="content")
    encodings = headers.get("Content-Encoding")
    content_type = content_type_of(headers)
    body, decoded = decode_sniffed(stored, ", ".join(encodings or []), content_type)
    if encodings and (decoded or is_utf8(stored)):
        # The recorder decoded the body and kept the header; served together they would break every client.
        del headers["Content-Encoding"]
        decoded = True
    if decoded:
        headers.pop("Content-Length", None)
    return Response(
        code=code,
        status=f"{code} {reason}".rstrip(),
        headers=headers,
        body=body,
        # Go keeps this header in a field of its own.
        transfer_encoding=headers.pop("Transfer-Encoding", []),
        content_length=-1 if decoded else len(body),
        uncompressed=decoded,
    )


def _status(fields: Fields) -> tuple[int, str]:
    """Code and reason of `status: {code, message}`, also of `status: 200` and `status_code: 200`."""
    if "status_code" in fields.values:
        return fields.whole("status_code"), ""
    value = fields.get("status")
    if isinstance(value, dict):
        status = fields.mapping("status")
        return status.whole("code"), status.text("message", "")
    return fields.whole("status"), ""


def _headers(fields: Fields) -> Headers:
    value = fields.get("headers")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise fields.fault("headers", "is no mapping")
    found: Headers = {}
    for name, items in value.items():
        values = found.setdefault(canonical(name), [])
        values += [fields.as_text("headers", item) for item in (items if isinstance(items, list) else [items])]
    return found


def _body(fields: Fields, *, may_be_json: bool = False, otherwise: str = "body") -> bytes:
    """The bytes of `parsed_body`, `body` or `otherwise`, in whatever form. Only a request's may be a JSON document."""
    parsed = fields.values.get("parsed_body")
    if parsed is not None:
        return b"" if is_null(parsed) else json_text(parsed, (*fields.place, "parsed_body"))
    name = "body" if fields.get("body") is not None else otherwise
    value = fields.get(name)
    if isinstance(value, dict):
        wrapped = Fields(value, (*fields.place, name))
        if "base64_string" in value:
            return _base64(wrapped)
        if "string" in value:
            return _bytes(wrapped, "string")
    if isinstance(value, dict | list) and may_be_json:
        return json_text(value, (*fields.place, name))
    if isinstance(value, dict):
        raise fields.fault(name, "is in a form that is not known: neither text nor `string`, `base64_string`")
    return _bytes(fields, name)


def _base64(fields: Fields) -> bytes:
    try:
        return decode_base64(fields.text("base64_string"))
    except ValueError:
        raise fields.fault("base64_string", "is no base64") from None


def _bytes(fields: Fields, name: str) -> bytes:
    value = fields.get(name)
    return value if isinstance(value, bytes) else fields.text(name, "").encode("utf-8", "surrogatepass")
