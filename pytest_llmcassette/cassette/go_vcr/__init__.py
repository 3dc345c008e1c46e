"""go-vcr v4's cassettes (`version: 2`): the writer, the fast reader of its own layout, and the reader of any."""
