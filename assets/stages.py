"""The night as Dagster assets: one line per stage, one way of reporting for all of them.

Every stage is a function ``write(store, book, night[, shard]) -> Version`` without Dagster in it. Here it gets
its key, group, upstream partitions and audits; a run reports the content digest as data version, the row counts
and the digests of everything it read.

Annotations are not postponed here: Dagster reads them from the functions below.
"""

import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from assets import (
    account_tables,
    action_tables,
    lot_break_tables,
    lots_tables,
    market_tables,
    proposal_tables,
    publication,
    reconcile_tables,
    trade_tables,
    vendor_tables,
    wash_tables,
)
from assets.alive import claim
from assets.book import Book
from assets.comparison import MovedAccount, first_difference, moved_accounts
from assets.disk import refusal_of
from assets.fault_points import passed
from assets.feed_files import contracts_of
from assets.locks import night_lock, sharing, sweep
from assets.meter import Meter, unmetered
from assets.pages import Shown, columns_of, feed_columns_of, page_of, timings
from assets.partitions import (
    BY_NIGHT,
    NIGHT_BEFORE,
    SHARD_NIGHT_BEFORE,
    due_by_deadline,
    night_of,
    night_shards_of,
    nights_of,
)
from assets.store import Store, Version, statement
from ledger.errors import AuditError, InputError, OpenbellError

OWNERS = ["team:operations"]
CHECK = "audits"
LAST = "night_report"
"""The last asset of a night: its page tells how long the others took."""
SHOWN = 100
"""Most accounts that the metadata of one run lists."""
Reported = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One asset of the night."""

    name: str
    group: str
    write: Callable[..., Version]
    description: str
    feeds: tuple[str, ...] = ()
    """Feed and static files it reads, those it only checks others against included."""
    nightly: tuple[str, ...] = ()
    """Assets it reads whose partition is the night."""
    sharded: tuple[str, ...] = ()
    """Assets it reads whose partition is the (night, shard)."""
    reads_night_before: bool = False
    reads_published_before: bool = False
    """Whether it reads the `trades` of the session before, where they are published. No edge of Dagster's: one that
    goes from an asset to a later one of the night before does not resolve."""
    audits: tuple[str, ...] = ()
    of_custodian_lots: bool = False
    """Whether only a book whose custodian sends its lots has this asset."""
    of_vendor: bool = False
    """Whether only a book that reads a vendor's file of prices has this asset."""
    code_version: str = "1"

    @property
    def by_shard(self) -> bool:
        """Return whether its partitions are (night, shard)."""
        return self.group == "books"


STAGES: tuple[Stage, ...] = (
    Stage(
        name="corporate_actions",
        group="market",
        write=action_tables.write_corporate_actions,
        feeds=("corporate_actions", "reorganisations", "prices", "vendor_prices", "vendor_symbols", "securities"),
        reads_night_before=True,
        audits=action_tables.AUDITS,
        description="Tonight's actions, which of them can be booked, and the names frozen until their terms are known.",
    ),
    Stage(
        name="vendor_prices",
        group="market",
        write=vendor_tables.write_vendor_prices,
        feeds=("vendor_prices", "vendor_symbols", "price_confirmations", "benchmark", "positions", "securities"),
        nightly=("corporate_actions",),
        reads_night_before=True,
        audits=vendor_tables.VENDOR_PRICES_AUDITS,
        of_vendor=True,
        description="The vendor's closes with their doubts, rows left out, findings, and closes told otherwise.",
    ),
    Stage(
        name="prices",
        group="market",
        write=market_tables.write_prices,
        feeds=("prices", "price_confirmations", "securities"),
        nightly=("corporate_actions", "vendor_prices"),
        reads_night_before=True,
        audits=market_tables.PRICES_AUDITS,
        description="One close per security, whether it is believed, and the return since the session before.",
    ),
    Stage(
        name="benchmark_weights",
        group="market",
        write=market_tables.write_benchmark_weights,
        feeds=("benchmark", "accounts", "securities"),
        audits=market_tables.BENCHMARK_WEIGHTS_AUDITS,
        description="The weights of every benchmark that an account tracks.",
    ),
    Stage(
        name="risk_model",
        group="market",
        write=market_tables.write_risk_model,
        feeds=("risk_model", "return_history", "securities"),
        nightly=("prices", "benchmark_weights"),
        reads_night_before=True,
        audits=market_tables.RISK_MODEL_AUDITS,
        description="Factor exposures and specific variances: the feed's model, else one estimated from past returns.",
    ),
    Stage(
        name="account_policies",
        group="accounts",
        write=account_tables.write_account_policies,
        feeds=("accounts", "restrictions", "securities", "identical_groups", "rulings"),
        audits=account_tables.ACCOUNT_POLICIES_AUDITS,
        description="Every account's policy, and the restrictions and rulings in force tonight.",
    ),
    Stage(
        name="account_shards",
        group="accounts",
        write=account_tables.write_account_shards,
        nightly=("account_policies",),
        reads_night_before=True,
        audits=(*account_tables.ACCOUNT_SHARDS_AUDITS, account_tables.FOLLOWED),
        description="Which shard solves which household, and the order of the accounts inside it.",
    ),
    Stage(
        name="custodian_activity",
        group="accounts",
        write=account_tables.write_custodian_activity,
        feeds=("activity", "opening_lots", "opening_cash", "accounts", "securities"),
        audits=account_tables.CUSTODIAN_ACTIVITY_AUDITS,
        description="What the custodian says was traded, paid and moved; on the first night also the opening lots.",
    ),
    Stage(
        name="custodian_positions",
        group="accounts",
        write=account_tables.write_custodian_positions,
        feeds=("positions", "cash", "flows", "accounts", "securities"),
        audits=account_tables.CUSTODIAN_POSITIONS_AUDITS,
        description="The custodian's positions and cash at the close, and the flows it expects.",
    ),
    Stage(
        name="custodian_lots",
        group="accounts",
        write=account_tables.write_custodian_lots,
        feeds=("custodian_lots", "accounts", "securities"),
        audits=account_tables.CUSTODIAN_LOTS_AUDITS,
        of_custodian_lots=True,
        description="The custodian's own lots at the close, on the nights on which it sends them.",
    ),
    Stage(
        name="lots",
        group="books",
        write=lots_tables.write_lots,
        nightly=("corporate_actions", "prices", "account_policies", "account_shards", "custodian_activity"),
        reads_night_before=True,
        audits=lots_tables.AUDITS,
        description="Every open sublot after tonight's actions, purchases, sales and wash sales; cash; realised gains.",
    ),
    Stage(
        name="wash_windows",
        group="books",
        write=wash_tables.write_wash_windows,
        sharded=("lots",),
        nightly=("account_policies",),
        audits=wash_tables.AUDITS,
        description="Per household: what may not be bought, what may not be sold at a loss, and until when.",
    ),
    Stage(
        name="proposals",
        group="books",
        write=proposal_tables.write_proposals,
        nightly=tuple(proposal_tables.INPUTS.values()),
        sharded=("lots", "wash_windows"),
        audits=proposal_tables.AUDITS,
        description="Every account's certified answer: orders by lot, the proven gap, shadow prices, conflicts.",
    ),
    Stage(
        name="broker_lots",
        group="books",
        write=lots_tables.write_broker_lots,
        nightly=("corporate_actions", "account_policies", "account_shards", "custodian_activity"),
        reads_night_before=True,
        audits=lots_tables.AUDITS,
        of_custodian_lots=True,
        description="The same lots as the custodian keeps them: wash sales within one account and one security only.",
    ),
    Stage(
        name="lot_reconciliation",
        group="books",
        write=lot_break_tables.write_lot_reconciliation,
        nightly=tuple(lot_break_tables.INPUTS.values()),
        sharded=tuple(lot_break_tables.SHARD_INPUTS.values()),
        audits=lot_break_tables.AUDITS,
        of_custodian_lots=True,
        description="The broker's view against the custodian's lots, and what the taxpayer reports otherwise.",
    ),
    Stage(
        name="reconciliation",
        group="books",
        write=reconcile_tables.write_reconciliation,
        nightly=tuple(reconcile_tables.INPUTS.values()),
        sharded=(*reconcile_tables.SHARD_INPUTS.values(), reconcile_tables.LOT_BREAKS),
        reads_published_before=True,
        audits=reconcile_tables.AUDITS,
        description="Book against custodian, every limit re-checked on integers, and the orders that may go out.",
    ),
    Stage(
        name="trades",
        group="trades",
        write=trade_tables.write_trades,
        feeds=("rulings",),
        nightly=tuple(publication.NIGHTLY.values()),
        sharded=tuple(publication.SHARDED.values()),
        audits=publication.AUDITS,
        description="The published night: block orders, allocations, one outcome per account, and the manifest.",
    ),
    Stage(
        name="feed_report",
        group="trades",
        write=vendor_tables.write_feed_report,
        nightly=("vendor_prices", "trades"),
        of_vendor=True,
        description="What was noticed in the vendor's file, and what revised closes would have changed last night.",
    ),
    Stage(
        name="night_report",
        group="trades",
        write=trade_tables.write_night_report,
        nightly=("trades", "corporate_actions", "prices", "custodian_positions", "feed_report"),
        description="The night in figures: outcomes, held accounts with their reasons, frozen names, totals.",
    ),
)
"""Every asset of a night, in an order in which they can run; `stages_of` says which of them a book has."""


class TradesConfig(dg.Config):
    """How `trades` treats shards that have not answered."""

    past_deadline: bool = False


def stages_of(book: Book) -> list[Stage]:
    """Return the stages of ``book``, none of which reads an asset that the book does not have."""
    left_out = {
        stage.name
        for stage in STAGES
        if (stage.of_custodian_lots and not book.keeps_broker_lots) or (stage.of_vendor and not book.reads_vendor_file)
    }
    known = contracts_of(book)
    return [
        dataclasses.replace(
            stage,
            nightly=tuple(name for name in stage.nightly if name not in left_out),
            sharded=tuple(name for name in stage.sharded if name not in left_out),
            feeds=tuple(name for name in stage.feeds if name in known),
        )
        for stage in STAGES
        if stage.name not in left_out
    ]


def feed_specs(book: Book) -> list[dg.AssetSpec]:
    """Return the feed and static files as external assets, so that lineage reaches them."""
    names = sorted({feed for stage in stages_of(book) for feed in stage.feeds})
    return [
        dg.AssetSpec(
            dg.AssetKey(["feeds", name]),
            group_name="feeds",
            kinds={"csv"},
            owners=OWNERS,
            description=f"The file `{name}`: see docs/feeds.md.",
            metadata=feed_columns_of(name),
        )
        for name in names
    ]


def assets_of(
    book: Book,
    *,
    revising: dt.date | None = None,
    rerunning: dt.date | None = None,
    alone: bool = False,
    meter: Meter = unmetered,
) -> list[dg.AssetsDefinition]:
    """Return the assets of the night for one book; ``revising`` and ``rerunning`` are as the store has them.

    With ``alone``, who runs them holds the night's lock; otherwise every stage shares it with other runs, and waits
    while someone holds it alone. ``meter`` is entered around the work of every stage.
    """
    store = Store(book.path, revising=revising, rerunning=rerunning, settings=book.settings.digest())
    return [asset_of(stage, book=book, store=store, alone=alone, meter=meter) for stage in stages_of(book)]


def asset_of(
    stage: Stage, *, book: Book, store: Store, alone: bool = False, meter: Meter = unmetered
) -> dg.AssetsDefinition:
    """Return one stage as a partitioned asset with its audits as blocking checks."""

    def write(night: dt.date, **arguments: bool | str) -> Version:
        with meter("stage", stage.name):
            store.sweep()
            for folder in (book.path / "published", book.published(night)):
                sweep(folder)
            return stage.write(store=store, book=book, night=night, **arguments)

    def materialise(context: dg.AssetExecutionContext, **arguments: bool) -> Reported:
        night, shard = night_of(context.partition_key)
        where = {"shard": shard} if shard else {}
        claim(book.path / "dagster", context.run.run_id)
        with contextlib.nullcontext() if alone else sharing(night_lock(book.path, night)):
            yield from report(
                stage,
                lambda: write(night, **where, **arguments),
                store=store,
                book=book,
                more=lambda: timings_of(context.instance, book=book, night=night) if stage.name == LAST else {},
            )

    def with_config(context: dg.AssetExecutionContext, config: TradesConfig) -> Reported:
        yield from materialise(context, past_deadline=config.past_deadline)

    def without_config(context: dg.AssetExecutionContext) -> Reported:
        yield from materialise(context)

    decorate = dg.asset(
        name=stage.name,
        group_name=stage.group,
        description=stage.description,
        kinds={"duckdb", "sql"} if stage.name != "proposals" else {"duckdb", "clarabel"},
        owners=OWNERS,
        metadata=columns_of(stage.name),
        code_version=stage.code_version,
        partitions_def=night_shards_of(book) if stage.by_shard else nights_of(book),
        deps=deps_of(stage),
        check_specs=audit_specs(stage),
        freshness_policy=due_by_deadline(book) if stage.name == "trades" else None,
    )
    return decorate(with_config if stage.name == "trades" else without_config)


def deps_of(stage: Stage) -> Sequence[dg.AssetDep]:
    """Return the upstream assets with the partition mappings that lead to them."""
    deps = [dg.AssetDep(dg.AssetKey(["feeds", feed])) for feed in stage.feeds]
    to_nightly = BY_NIGHT if stage.by_shard else None
    deps += [dg.AssetDep(name, partition_mapping=to_nightly) for name in stage.nightly]
    to_sharded = None if stage.by_shard else BY_NIGHT
    deps += [dg.AssetDep(name, partition_mapping=to_sharded) for name in stage.sharded]
    if stage.reads_night_before:
        before = SHARD_NIGHT_BEFORE if stage.by_shard else NIGHT_BEFORE
        deps.append(dg.AssetDep(stage.name, partition_mapping=before))
    return deps


def report(
    stage: Stage,
    write: Callable[[], Version],
    *,
    store: Store,
    book: Book,
    more: Callable[[], Shown] = dict,
    seconds: Callable[[], float] = time.perf_counter,
) -> Reported:
    """Run ``write`` and report its version, its ``seconds`` and ``more``, or the audit or error that stopped it."""
    began = seconds()
    try:
        version = write()
    except AuditError as error:
        yield dg.AssetCheckResult(
            check_name=CHECK, passed=False, metadata={"audit": error.audit, "offenders": error.found}
        )
        raise dg.Failure(str(error), metadata=error.as_dict(), allow_retries=False) from error
    except OpenbellError as error:
        raise dg.Failure(
            str(error), metadata=error.as_dict(), allow_retries=not isinstance(error, InputError)
        ) from error
    except OSError as error:
        refused = refusal_of(error, where=f"asset {stage.name}")
        if refused is None:
            raise
        raise dg.Failure(str(refused), metadata=refused.as_dict()) from error
    took = round(seconds() - began, 3)
    passed("event.due", where=version.name)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(version.digest),
        check_results=[found_nothing(stage, version)] if stage.audits else [],
        metadata={
            "dagster/row_count": sum(version.rows.values()),
            **page_of(version, store=store, book=book),
            **more(),
            "seconds": dg.FloatMetadataValue(took),
            "digest": version.digest,
            "rows": dg.TableMetadataValue(
                [dg.TableRecord({"table": table, "rows": rows}) for table, rows in sorted(version.rows.items())],
                dg.TableSchema([dg.TableColumn("table", "string"), dg.TableColumn("rows", "int")]),
            ),
            "read": dg.TableMetadataValue(
                [dg.TableRecord({"input": name, "digest": digest}) for name, digest in sorted(version.inputs.items())],
                dg.TableSchema([dg.TableColumn("input", "string"), dg.TableColumn("digest", "string")]),
            ),
            "used": "yes" if version.is_head else "no: the night is published with another version, which stands",
            **({} if version.is_head else differences_of(version, store=store)),
        },
    )
    passed("event.told", where=version.name)


def timings_of(instance: dg.DagsterInstance, *, book: Book, night: dt.date) -> Shown:
    """Return how long each stage of ``night`` took, the last one excepted, which is still at it."""
    shards = [f"{night}|{shard}" for shard in book.shards]
    stages = [stage for stage in stages_of(book) if stage.name != LAST]
    return timings(instance, {stage.name: shards if stage.by_shard else [str(night)] for stage in stages})


def is_file(name: str) -> bool:
    """Return whether ``name`` in a version's inputs is a file, which may come and go, and no partition."""
    return name.startswith(("feeds/", "static/"))


def differences_of(version: Version, *, store: Store) -> dict[str, dg.MetadataValue[Any]]:
    """Return, for a version that is kept beside the published one, where they differ and which accounts moved."""
    original = store.standing(version)
    if original is None:
        return {}
    first = first_difference(store, original=original, again=version)
    told: dict[str, dg.MetadataValue[Any]] = {
        "differs": dg.TextMetadataValue(f"{first.where}: {first.found}; published {first.expected}"),
        "inputs_moved": dg.JsonMetadataValue(
            [
                name
                for name in sorted(version.inputs.keys() & original.inputs.keys())
                if version.inputs[name] != original.inputs[name]
            ]
            + sorted(name for name in version.inputs.keys() ^ original.inputs.keys() if is_file(name))
        ),
    }
    if version.asset == "trades":
        moved = [dataclasses.asdict(account) for account in moved_accounts(store, original=original, again=version)]
        told["accounts_moved"] = dg.IntMetadataValue(len(moved))
        columns = [dg.TableColumn(field.name) for field in dataclasses.fields(MovedAccount)]
        told["moved"] = dg.TableMetadataValue([dg.TableRecord(row) for row in moved[:SHOWN]], dg.TableSchema(columns))
    return told


def audit_specs(stage: Stage) -> list[dg.AssetCheckSpec]:
    """Return the one blocking check that stands for all audits of a stage.

    One check per audit was tried: at 20 ms an event it cost more than the work of a small shard.
    """
    if not stage.audits:
        return []
    sentences = "\n".join(f"- `{audit_sentence(audit)}`" for audit in stage.audits)
    description = f"Statements that must return no rows:\n\n{sentences}"
    return [dg.AssetCheckSpec(CHECK, asset=stage.name, blocking=True, description=description)]


def found_nothing(stage: Stage, version: Version) -> dg.AssetCheckResult:
    """Return the check of a written version: every audit with what it found."""
    found = dict.fromkeys(version.audits, "no rows")
    not_run = "not run: on the first night there is no session before to compare with"
    records = [dg.TableRecord({"audit": audit, "found": found.get(audit, not_run)}) for audit in stage.audits]
    columns = dg.TableSchema([dg.TableColumn("audit", "string"), dg.TableColumn("found", "string")])
    return dg.AssetCheckResult(
        check_name=CHECK, passed=True, metadata={"audits": dg.TableMetadataValue(records, columns)}
    )


def audit_sentence(audit: str) -> str:
    """Return the first line of the audit's header: what its rows would be."""
    return statement(f"audits/{audit}").splitlines()[0].removeprefix("-- ").strip()
