"""Errors: they cross from one process to another with all that they say."""

from __future__ import annotations

import pickle

import pytest

from ledger.errors import AuditError, DiskError, FeedError, OpenbellError

FACTS = {"found": "none", "expected": "some", "remedy": "Mend it."}


@pytest.mark.parametrize(
    "error",
    [
        FeedError(code="FEED-040", where="static/accounts.csv row 3", **FACTS),
        DiskError(where="a disk", **FACTS),
        AuditError(audit="no_lot_is_oversold", **FACTS),
    ],
    ids=lambda error: error.code,
)
def test_an_error_that_was_pickled_says_the_same(error: OpenbellError) -> None:
    error.add_note("told on the way")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again), again.as_dict()) == (str(error), vars(error), error.as_dict())
