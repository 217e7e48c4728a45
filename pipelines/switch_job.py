"""The job `switches`: a freeze or release from the UI's launchpad, written as the command line writes it.

Annotations are not postponed here: Dagster reads them from the functions below.
"""

import datetime as dt
import enum

import dagster as dg

from assets.book import Book
from assets.ruling_entry import add_ruling, switch_of
from assets.rulings import read_rulings, switches_in_force
from ledger.errors import OpenbellError

SWITCHES = "switches"


class Change(enum.Enum):
    """What to do with a switch."""

    FREEZE = "freeze"
    RELEASE = "release"


class SwitchConfig(dg.Config):
    """One switch: exactly one of account, household, security and whole_book."""

    change: Change
    reason: str
    role: str = "operator"
    account: str | None = None
    household: str | None = None
    security: str | None = None
    whole_book: bool = False


def switches_of(book: Book) -> dg.JobDefinition:
    """Return the job of one book."""

    @dg.op(description="Add one freeze or release to the book's rulings; it holds at once.")
    def switch(context: dg.OpExecutionContext, config: SwitchConfig) -> None:
        try:
            ruling = switch_of(
                kind="freeze" if config.change is Change.FREEZE else "release",
                at=dt.datetime.now(dt.UTC),
                role=config.role,
                reason=config.reason,
                account=config.account,
                household=config.household,
                security=config.security,
                whole_book=config.whole_book,
            )
            ruling_id = add_ruling(book, ruling)
        except OpenbellError as error:
            raise dg.Failure(str(error), metadata=error.as_dict(), allow_retries=False) from error
        rows = switches_in_force(read_rulings(book).rows).rows()
        records = [
            dg.TableRecord({"scope": scope, "target": target, "ruling": number, "reason": reason})
            for scope, target, number, reason in rows
        ]
        columns = [dg.TableColumn(name, "string") for name in ("scope", "target", "ruling", "reason")]
        context.add_output_metadata(
            {"ruling": ruling_id, "in force": dg.TableMetadataValue(records, dg.TableSchema(columns))}
        )

    @dg.job(
        name=SWITCHES,
        executor_def=dg.in_process_executor,
        tags={"dagster/priority": "20"},  # before publishing, which it may have to stop
        description="Freeze or release an account, a household, a security or the whole book. "
        "A night that is being solved is published without what is frozen; one that is published stays.",
    )
    def switches() -> None:
        switch()

    return switches
