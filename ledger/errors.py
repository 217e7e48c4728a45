"""Errors that an operator can act on: each names its code, place, what was found, expected, and the remedy.

    OpenbellError
    ├── InputError      refused before anything was written (exit status 2): fix the input, run again
    │   ├── FeedError         a feed or static file
    │   ├── SettingError      book.toml, an option of the command line
    │   ├── NightOrderError   a night that is no session, or whose predecessor has not run
    │   ├── RulingError       a ruling that names what the book does not have, or takes back what is not in force
    │   └── QuestionError     a question about what the book does not have, or that cannot be read
    ├── NightError      the night could not be completed (exit status 1): nothing was published
    │   ├── StoreError        a store file is missing, unreadable or not what its name says
    │   ├── DiskError         the disk is full, read-only or broken
    │   ├── AuditError        an audit returned rows
    │   └── PublishError      a published file exists with other content
    └── LedgerError     one event breaks a tax lot's invariant; the account is held, its neighbours go on

A bug is an ``assert``; an account's refusal is a row in a table, never an exception that crosses a shard.
"""

from __future__ import annotations


class OpenbellError(Exception):
    """An error with a stable code and four facts, printed as one line.

    ``where`` is the place (file, row, account); ``found`` and ``expected`` are noun phrases; ``remedy`` is a sentence.
    """

    code = "OB-000"

    def __init__(self, *, where: str, found: str, expected: str, remedy: str, code: str | None = None) -> None:
        self.code = code or type(self).code
        self.where = where
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(f"{self.code} {where}: found {found}; expected {expected}. {remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross from one process to another: exceptions are made again by position, these by keyword."""
        return _again, (type(self), str(self), dict(vars(self)))

    def as_dict(self) -> dict[str, str]:
        """Return the five facts for a JSON document."""
        return {
            "code": self.code,
            "where": self.where,
            "found": self.found,
            "expected": self.expected,
            "remedy": self.remedy,
        }


def _again(kind: type[OpenbellError], text: str, facts: dict[str, str]) -> OpenbellError:
    """Return an error that was pickled."""
    error = kind.__new__(kind, text)
    vars(error).update(facts)
    return error


class InputError(OpenbellError):
    """Input refused as a whole; nothing was written. Retrying helps only after the input is mended."""

    code = "INP-000"


class FeedError(InputError):
    """A feed or static file is missing or breaks its contract."""

    code = "FEED-000"


class SettingError(InputError):
    """A setting is unknown, missing or out of range."""

    code = "SET-000"


class NightOrderError(InputError):
    """The night is not a session, lies before the book's first night, or its predecessor has not run."""

    code = "NIGHT-000"


class RulingError(InputError):
    """An operator's ruling names what the book does not have, or takes back what is not in force."""

    code = "RULE-000"


class QuestionError(InputError):
    """A question names what the book does not have, or cannot be read; questions never write."""

    code = "ASK-000"


class NightError(OpenbellError):
    """The night could not be completed; nothing was published. A retry may help."""

    code = "RUN-000"


class StoreError(NightError):
    """A store partition is missing, unreadable, or its content is not what its name says."""

    code = "STORE-000"


class DiskError(NightError):
    """The disk refuses what the night writes. What is written stays; a rerun goes on once the disk is mended."""

    code = "DISK-001"


class AuditError(NightError):
    """An audit, which must return no rows, returned some."""

    code = "AUDIT-001"

    def __init__(self, *, audit: str, found: str, expected: str, remedy: str) -> None:
        self.audit = audit
        super().__init__(where=f"audit {audit}", found=found, expected=expected, remedy=remedy)


class PublishError(NightError):
    """Something else is already published under this name."""

    code = "PUB-000"


class LedgerError(OpenbellError):
    """An event breaks an invariant of the lots; its account is held."""

    code = "LOT-000"
