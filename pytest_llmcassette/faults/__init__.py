"""Bad days, derived from good recordings: each is one function `Delivery -> Delivery` and one row.

- `fault`: `Fault`, the row: name, sentence, what a client is expected to do (`Expect`), the exchanges that it fits.
- `registry`: `fault(name)`, `all_faults()`, `stream_faults()`, `response_faults()`, `register_fault(Fault(...))`.
- `injection`: `Injection`, a fault with its options on one exchange, `once`, `always` or so many times; `Injections`,
  those of a test, is what `Recorder.changes` holds. Both know where they struck.
- `cuts`, `events_changed`, `responses`: the faults. `events`, `bodies`: what they work with.
"""
