"""Every failure that a user can meet, from one root each for "raise" and "stop".

An SDK turns every `Exception` that its HTTP library raises into its own connection error and retries it.
What a test must not miss therefore derives from `BaseException`: see `CassetteStop`.
"""

from __future__ import annotations

from pathlib import Path

# Costs next to nothing, and brings in nothing else of pytest: scripts outside pytest have these errors too.
from _pytest.outcomes import OutcomeException


class CassetteError(Exception):
    """A problem outside a request: a file that cannot be read, a setting that makes no sense, a failed check."""


class ConfigError(CassetteError, ValueError):
    """A switch that does not exist or has a value it cannot take; the text lists what is allowed."""


class CassetteFileError(CassetteError):
    """A cassette file that cannot be read or written.

    `problem` says what is wrong, `remedy` what to do, `line` is 1-based where it is known.
    """

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None, remedy: str | None = None) -> None:
        self.path = Path(path)
        self.problem = problem
        self.line = line
        self.remedy = remedy
        where = f"{path}, line {line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {problem}" + (f"\n{remedy}" if remedy else ""))


class UnplayedError(CassetteError):
    """Recorded interactions that the code under test never asked for."""


class NoCallsError(CassetteError):
    """A cassette that was in force while no intercepted request was made."""


class CassetteStop(OutcomeException):
    """Ends the request that raised it and cannot be swallowed by an SDK's `except Exception`.

    One of pytest's outcomes, which are a `BaseException` all the same: event loops, pytest's teardown and its memory of
    failed fixtures let those pass and go on, where any other ends the runner and takes innocent tests along.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    # Those of pytest's own outcomes show the message alone.
    __repr__ = BaseException.__repr__
    __str__ = BaseException.__str__


class RequestNotRecorded(CassetteStop):
    """Replay has no recording for a request (VCR.py: `CannotOverwriteExistingCassetteException`).

    `summary` has the request and the cause in a few words, `remedy` the record mode that records it. The cause for a
    program is `kind`: `no cassette`, `empty cassette`, `already played`, `json` (values of a JSON body differ, nothing
    else) or `request`. `differs` is what differs from the nearest recording, for `json` the paths of `ignore_json`;
    `fingerprint` is equal for equal requests, and set where there is no cassette to be near to.
    """

    def __init__(
        self,
        message: str,
        *,
        summary: str = "",
        remedy: str = "",
        kind: str = "",
        differs: tuple[str, ...] = (),
        fingerprint: str = "",
    ) -> None:
        self.summary = summary
        self.remedy = remedy
        self.kind = kind
        self.differs = differs
        self.fingerprint = fingerprint
        super().__init__(message)


class RequestRefused(CassetteStop):
    """A request that must not be sent: a placeholder key, a suspended cassette, a cassette that is closed."""


class NotIntercepted(CassetteStop):
    """A request through a library that no transport of ours intercepts, while a cassette is in force."""


class RecordingTruncated(CassetteStop):
    """A client read on past the point where the recording client had closed the stream."""


class CassetteFault(CassetteStop):
    """An unexpected exception in a request: a fault of pytest-llmcassette, or of the user's code that it called.

    The text says whose it is, and what to report. Errors of the network stay what they are.
    """


for _error in (CassetteError, *CassetteError.__subclasses__(), CassetteStop, *CassetteStop.__subclasses__()):
    # Under the name that users import it by: pytest's summary shows it before the message, and cuts at 80 columns.
    _error.__module__ = "pytest_llmcassette"
