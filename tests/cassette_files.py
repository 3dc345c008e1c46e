"""Small cassette files, written by hand, for tests to damage."""

GO_VCR = """\
---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 0
    host: ""
    url: https://api.example.com/v1/models
    method: GET
  response:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 2
    body: hi
    headers:
      Content-Type:
      - text/plain
    status: 200 OK
    code: 200
    duration: 1.5s
"""

VCRPY = """\
interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: https://api.example.com/v1/models
  response:
    body: {string: hi}
    headers:
      Content-Type: [text/plain]
    status: {code: 200, message: OK}
version: 1
"""
