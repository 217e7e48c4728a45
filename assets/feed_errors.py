"""Why a feed is refused: a closed list of codes, each with the one remedy that mends it."""

from __future__ import annotations

import polars as pl

from ledger.errors import FeedError

OFFENDERS_SHOWN = 3
_TEXT_SHOWN = 80

REMEDIES = {
    "FEED-001": "Deliver the night's files into this folder, or name a night whose files are there.",
    "FEED-002": "Deliver the file, as .csv, .csv.gz or .parquet.",
    "FEED-003": "Keep the one that is meant and remove the other.",
    "FEED-004": "Deliver the file again; it is damaged or not what its name says.",
    "FEED-005": "Look at what was delivered; where it is meant, raise the limit in [intake] of book.toml.",
    "FEED-006": "Save the file as UTF-8.",
    "FEED-007": "Mend the row, or deliver the file again if it was cut off.",
    "FEED-008": "Deliver the file with its rows; a quiet night is said by leaving out an optional file.",
    "FEED-009": "Rename the file to one of the names in docs/feeds.md, or move it out of the folder.",
    "FEED-010": "Remove or rename the column; docs/feeds.md lists those of every file.",
    "FEED-011": "Add the column; its cells may be blank where docs/feeds.md says so.",
    "FEED-012": "Keep one of the columns.",
    "FEED-013": "Remove the repeated header; check whether two files were joined.",
    "FEED-014": "Deliver the file under another name and rename it when it is complete; then run the night again.",
    "FEED-015": "Deliver the file itself, under its own name, in a folder of its own.",
    "FEED-020": "Mend the cell; amounts are plain decimal numbers, dates are ISO.",
    "FEED-021": "Fill the cell in.",
    "FEED-022": "Mend the cell, or ask the sender what it means.",
    "FEED-023": "Use one of the words; none is guessed from another spelling.",
    "FEED-024": "Shorten the text, or remove the invisible characters.",
    "FEED-030": "Keep one row for each key; check whether two files were joined.",
    "FEED-031": "Mend the row; its columns contradict each other.",
    "FEED-032": "Check that the file belongs to this night.",
    "FEED-040": "Add it to the file it should be in, or remove the row.",
    "FEED-041": "Complete the file; a partial one is refused as a whole.",
    "FEED-042": "Deliver the whole benchmark, with weights that sum to one.",
    "FEED-043": "End one restriction before the other begins, or remove one.",
    "FEED-044": "Give the new action an id of its own.",
    "FEED-045": "Look for a shifted column; to hold that many accounts, raise trust.policy_faults_max.",
    "FEED-050": "Deliver feeds/D/risk_model, or past returns as static/return_history before the first night.",
    "FEED-070": "End one row before the other begins, or remove one.",
    "FEED-071": "Wait for the vendor's whole file; to go on without it, lower vendor.usable_share_min in book.toml.",
}


def shown(value: object) -> str:
    """Return ``value`` as it can be printed: quoted, escaped, and cut where it is long."""
    if value is None:
        return "a blank cell"
    written = repr(str(value))
    return written if len(written) <= _TEXT_SHOWN else f"{written[:_TEXT_SHOWN]}..."


def place(label: str) -> str:
    """Return a file's place as it can be printed: whoever delivers files also chooses their names."""
    return label if label.isprintable() else shown(label)


def refusal(code: str, *, where: str, found: str, expected: str) -> FeedError:
    """Return the error of ``code`` with its remedy."""
    return FeedError(code=code, where=where, found=found, expected=expected, remedy=REMEDIES[code])


def rows_refused(code: str, *, file: str, column: str, offenders: pl.DataFrame, expected: str) -> FeedError:
    """Return the error for some rows of ``file``: the first few as they stand, the others counted.

    ``offenders`` has a row for each: ``line``, 1-based (a line of a CSV file, whose header is row 1, or a row of a
    Parquet file), and ``found``.
    """
    first, *others = offenders.sort("line").head(OFFENDERS_SHOWN).select("line", "found").rows()
    parts = [shown(first[1])] + [f"row {line}: {shown(value)}" for line, value in others]
    if offenders.height > OFFENDERS_SHOWN:
        parts.append(f"and {offenders.height - OFFENDERS_SHOWN} more")
    return refusal(code, where=f"{file} row {first[0]} column {column}", found="; ".join(parts), expected=expected)
