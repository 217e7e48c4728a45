"""The columns of every feed and static file: types, ranges, vocabularies, and what the cells of a row must be together.

One Pandera model for each file, in the units of the tables (micro-shares, micro-dollars). A field knows the file's
column it is read from, how its text is read (`assets/feed_values.py`) and how a person would say what is expected.
`line` is the row's 1-based place in its file and never leaves the feeds.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from assets.feed_contracts import CONTRACTS
from solvers.problem import RELAXABLE

_PRINTABLE = (
    r"[^\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff]"
)
ID = f"^{_PRINTABLE}{{1,64}}$"
"""Any text of 1 to 64 characters, none of them a control, invisible or direction-changing character."""
TEXT = f"^{_PRINTABLE}{{1,200}}$"
_EXPOSURE = re.compile(r"f\d{2,}")
REORGANISATION_KINDS = [
    "spinoff",
    "share_class_distribution",
    "merger_stock",
    "merger_cash_stock",
    "acquired_cash",
    "split",
    "stock_dividend",
    "return_of_capital",
    "cash_dividend",
    "symbol_change",
    "delisting",
    "ipo_or_new_member",
]

Reads = Literal["text", "time", "micro", "real", "integer", "date", "boolean", "ratio_new", "ratio_old"]


def _field(
    column: str,
    reads: Reads,
    *,
    expected: str,
    blank: bool = False,
    absent: bool = False,
    **checks: Any,  # noqa: ANN401 - handed to Pandera as they are
) -> Any:  # noqa: ANN401 - Pandera's own annotation
    """Return a field read from ``column``; ``blank`` cells and an ``absent`` column may be allowed."""
    facts = {"column": column, "reads": reads, "expected": expected, "absent": absent}
    return pa.Field(nullable=blank, metadata=facts, **checks)


def _id(column: str, *, blank: bool = False, absent: bool = False) -> Any:  # noqa: ANN401
    expected = "an id of 1 to 64 characters without control characters"
    return _field(column, "text", expected=expected, blank=blank, absent=absent, str_matches=ID)


def _text(column: str, *, blank: bool = False) -> Any:  # noqa: ANN401
    expected = "text of 1 to 200 characters without control characters"
    return _field(column, "text", expected=expected, blank=blank, str_matches=TEXT)


def _word(column: str, *, among: list[str]) -> Any:  # noqa: ANN401
    return _field(column, "text", expected="one of " + ", ".join(among), isin=among)


def _date(column: str, *, blank: bool = False, absent: bool = False) -> Any:  # noqa: ANN401
    return _field(column, "date", expected="an ISO date such as 2015-06-01", blank=blank, absent=absent)


def _positive(column: str, *, of: str, blank: bool = False, absent: bool = False) -> Any:  # noqa: ANN401
    expected = f"{of} above zero, to a millionth"
    return _field(column, "micro", expected=expected, blank=blank, absent=absent, gt=0)


def _not_negative(column: str, *, of: str, blank: bool = False, absent: bool = False) -> Any:  # noqa: ANN401
    return _field(column, "micro", expected=f"{of}, zero or more", blank=blank, absent=absent, ge=0)


def _dollars(column: str, *, blank: bool = False) -> Any:  # noqa: ANN401
    return _field(column, "micro", expected="dollars", blank=blank)


def _fraction(column: str, *, blank: bool = False) -> Any:  # noqa: ANN401
    return _field(column, "real", expected="a fraction from 0 to 1", blank=blank, ge=0, le=1)


def _nonnegative_real(column: str, *, blank: bool = False, absent: bool = False) -> Any:  # noqa: ANN401
    return _field(column, "real", expected="a number, zero or more", blank=blank, absent=absent, ge=0)


def _limits_in_order(column: str) -> Any:  # noqa: ANN401
    names = ("cash", *RELAXABLE)
    expected = "limits parted by semicolons, of " + ", ".join(names)
    one = "|".join(names)
    return _field(column, "text", expected=expected, blank=True, absent=True, str_matches=f"^({one})(;({one}))*$")


def _ratio(reads: Literal["ratio_new", "ratio_old"]) -> Any:  # noqa: ANN401
    expected = "new shares per old, such as 3/2 or 1.5, above zero"
    return _field("ratio", reads, expected=expected, blank=True, gt=0)


def _sequence() -> Any:  # noqa: ANN401
    expected = "a whole number, -1000 to 1000"
    return _field("sequence", "integer", expected=expected, blank=True, absent=True, ge=-1000, le=1000)


class Rows(pa.DataFrameModel):
    """The rows of one file."""

    line: int


class Securities(Rows):
    """static/securities: every name the book may meet."""

    security_id: str = _id("security_id")
    symbol: str = _text("symbol")
    name: str = _text("name")
    sector: str = _id("sector")


class IdenticalGroups(Rows):
    """static/identical_groups: substantially identical securities, from a date on."""

    security_id: str = _id("security_id")
    identical_group: str = _id("identical_group")
    from_date: pl.Date = _date("from_date", blank=True)


class Accounts(Rows):
    """static/accounts: the policy of every account."""

    account_id: str = _id("account_id")
    household_id: str = _id("household_id")
    owner_id: str = _id("owner_id")
    registration: str = _word("registration", among=["taxable", "ira", "roth", "trust"])
    benchmark_id: str = _id("benchmark_id")
    mode: str = _word("mode", among=["tax_aware", "tax_unaware", "buy_only", "hold"])
    frozen: bool = _field("frozen", "boolean", expected="true or false")
    short_rate: float = _fraction("short_rate")
    long_rate: float = _fraction("long_rate")
    short_loss_rate: float = _fraction("short_loss_rate")
    long_loss_rate: float = _fraction("long_loss_rate")
    risk_aversion: float = _field("risk_aversion", "real", expected="a number above zero", gt=0)
    tracking_error_max_bps: float = _nonnegative_real("tracking_error_max_bps", blank=True)
    cash_min: float = _fraction("cash_min")
    cash_max: float = _fraction("cash_max")
    sector_band: float = _nonnegative_real("sector_band", blank=True)
    turnover_max: float = _nonnegative_real("turnover_max", blank=True)
    net_gain_budget_microusd: int = _dollars("net_gain_budget_usd", blank=True)
    cost_bps: float = _nonnegative_real("cost_bps")
    trigger_bps: float = _nonnegative_real("trigger_bps")
    min_trade_microusd: int = _not_negative("min_trade_usd", of="dollars")
    share_step_micro: int = _positive("share_step", of="shares")
    min_holding_days: int = _field("min_holding_days", "integer", expected="days, 0 to 36500", ge=0, le=36_500)
    factor_band: float = _nonnegative_real("factor_band", blank=True, absent=True)
    relaxation_order: str = _limits_in_order("relaxation_order")

    @pa.dataframe_check(error="cash_max: at least cash_min")
    @classmethod
    def cash_band_is_not_empty(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the cash band."""
        return data.lazyframe.select(pl.col("cash_min") <= pl.col("cash_max"))

    @pa.dataframe_check(error="relaxation_order: every limit once")
    @classmethod
    def no_limit_gives_twice(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the order to distinct limits."""
        both = pl.col("relaxation_order").str.replace_all(r"(^|;)cash(;|$)", "${1}cash_min;cash_max${2}")
        names = both.str.split(";").list
        return data.lazyframe.select((names.n_unique() == names.len()).fill_null(value=True))


class Restrictions(Rows):
    """static/restrictions: what an account may not buy, sell or hold much of."""

    account_id: str = _id("account_id")
    kind: str = _word("kind", among=["exclude", "no_buy", "no_sell", "max_weight"])
    on_what: str = _word("on", among=["security", "sector"])
    value: str = _id("value")
    weight_max: float = _fraction("limit", blank=True)
    reason: str = _text("reason", blank=True)
    from_date: pl.Date = _date("from_date", blank=True)
    to_date: pl.Date = _date("to_date", blank=True)

    @pa.dataframe_check(error="limit: a limit for max_weight, and blank for every other kind")
    @classmethod
    def only_weights_have_limits(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the limit to its kind."""
        return data.lazyframe.select((pl.col("kind") == "max_weight") == pl.col("weight_max").is_not_null())

    @pa.dataframe_check(error="to_date: no earlier than from_date")
    @classmethod
    def ends_after_it_begins(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the order of the dates."""
        return data.lazyframe.select((pl.col("from_date") <= pl.col("to_date")).fill_null(value=True))


class OpeningLots(Rows):
    """static/opening_lots: the lots the book begins with."""

    account_id: str = _id("account_id")
    lot_id: str = _id("lot_id")
    security_id: str = _id("security_id")
    acquired_date: pl.Date = _date("acquired_date")
    holding_start_date: pl.Date = _date("holding_start_date", blank=True)
    micro_shares: int = _positive("shares", of="shares")
    basis_microusd: int = _not_negative("basis_usd", of="dollars")

    @pa.dataframe_check(error="holding_start_date: no later than acquired_date")
    @classmethod
    def holding_starts_by_the_purchase(cls, data: PolarsData) -> pl.LazyFrame:
        """Tacking moves a holding start back, never forward."""
        return data.lazyframe.select((pl.col("holding_start_date") <= pl.col("acquired_date")).fill_null(value=True))


class Cash(Rows):
    """static/opening_cash and feeds/D/cash: each account's balance; below zero where it is overdrawn."""

    account_id: str = _id("account_id")
    cash_microusd: int = _dollars("cash_usd")


class ReturnHistory(Rows):
    """static/return_history: returns before the book's first night, for the risk model."""

    session: pl.Date = _date("session")
    security_id: str = _id("security_id")
    total_return: float = _field("total_return", "real", expected="a simple return above -1", gt=-1)


class Reorganisations(Rows):
    """static/reorganisations: the operator's terms of spin-offs, mergers and the like."""

    ex_date: pl.Date = _date("ex_date")
    security_id: str = _id("security_id")
    kind: str = _field(
        "kind",
        "text",
        expected="one of " + ", ".join(REORGANISATION_KINDS) + ", spinoff_parent_ and the parent's symbol",
        str_matches=f"^({'|'.join(REORGANISATION_KINDS)}|spinoff_parent_.+)$",
    )
    new_symbol: str = _text("new_symbol", blank=True)
    new_security_id: str = _id("new_security_id", blank=True, absent=True)
    ratio_new: int = _ratio("ratio_new")
    ratio_old: int = _ratio("ratio_old")
    cash_microusd: int = _not_negative("cash", of="dollars per share", blank=True)
    note: str = _text("note", blank=True)
    price_check: str = _text("price_check", blank=True)
    source: str = _text("source", blank=True)
    fmv_old_microusd: int = _positive("fmv_old_usd", of="dollars per share", blank=True, absent=True)
    fmv_new_microusd: int = _positive("fmv_new_usd", of="dollars per share", blank=True, absent=True)
    cash_in_lieu_microusd: int = _not_negative("cash_in_lieu_usd", of="dollars per share", blank=True, absent=True)
    sequence: int = _sequence()


class Rulings(Rows):
    """static/rulings: what operators decided, written by the command line and the UI (`assets/rulings.py`)."""

    ruling_id: str = _field(
        "ruling_id", "text", expected="R and a whole number, such as R12", str_matches=r"^R[1-9]\d{0,8}$"
    )
    at: str = _field("at", "time", expected="a time in UTC such as 2026-09-01T18:40:00Z")
    kind: str = _word("kind", among=["freeze", "release", "accept", "withdraw"])
    account_id: str = _id("account_id", blank=True)
    household_id: str = _id("household_id", blank=True)
    security_id: str = _id("security_id", blank=True)
    difference_micro: int = _field(
        "difference", "micro", expected="shares or dollars, other than zero", blank=True, ne=0
    )
    from_night: pl.Date = _date("from_night", blank=True)
    to_night: pl.Date = _date("to_night", blank=True)
    role: str = _field(
        "role", "text", expected="a word of 1 to 32 lower-case letters", str_matches=r"^[a-z][a-z_-]{0,31}$"
    )
    reason: str = _text("reason")

    @pa.dataframe_check(error="kind: a freeze or release of one account, household or security, or of none: the book")
    @classmethod
    def a_switch_has_one_target(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold a switch to one target, without what belongs to a break."""
        named = pl.sum_horizontal(pl.col("account_id", "household_id", "security_id").is_not_null())
        of_break = pl.any_horizontal(pl.col("difference_micro", "from_night", "to_night").is_not_null())
        switch = pl.col("kind").is_in(["freeze", "release"])
        return data.lazyframe.select(~switch | ((named <= 1) & ~of_break))

    @pa.dataframe_check(error="kind: an acceptance or withdrawal of one account's break, an acceptance with its terms")
    @classmethod
    def an_acceptance_says_what_it_accepts(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold an acceptance to an account, a difference and a first night; its withdrawal to the account."""
        of_account = pl.col("account_id").is_not_null() & pl.col("household_id").is_null()
        accepts, withdraws = pl.col("kind") == "accept", pl.col("kind") == "withdraw"
        terms = pl.col("difference_micro").is_not_null() & pl.col("from_night").is_not_null()
        no_terms = pl.all_horizontal(pl.col("difference_micro", "from_night", "to_night").is_null())
        return data.lazyframe.select(
            ~(accepts | withdraws) | (of_account & ((accepts & terms) | (withdraws & no_terms)))
        )

    @pa.dataframe_check(error="to_night: no earlier than from_night")
    @classmethod
    def ends_after_it_begins(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the order of the nights."""
        return data.lazyframe.select((pl.col("from_night") <= pl.col("to_night")).fill_null(value=True))


class PriceConfirmations(Rows):
    """static/price_confirmations: closes that the operator has looked into and that are to be believed."""

    security_id: str = _id("security_id")
    session: pl.Date = _date("session")
    reason: str = _text("reason")


class VendorSymbols(Rows):
    """static/vendor_symbols: whose close the vendor tells under a symbol, and from when to when."""

    symbol: str = _id("symbol")
    security_id: str = _id("security_id")
    from_date: pl.Date = _date("from_date", blank=True)
    to_date: pl.Date = _date("to_date", blank=True)

    @pa.dataframe_check(error="to_date: no earlier than from_date")
    @classmethod
    def ends_after_it_begins(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold the order of the dates."""
        return data.lazyframe.select((pl.col("from_date") <= pl.col("to_date")).fill_null(value=True))


class VendorPrices(Rows):
    """feeds/D/vendor_prices in the layout ``two_days``; a row that breaks it is left out, not the file."""

    symbol: str = _id("symbol")
    session: pl.Date = _date("date")
    close_microusd: int = _positive("close", of="dollars")
    adjusted_microusd: int = _positive("adj_close", of="dollars")
    open_microusd: int = _positive("open", of="dollars", blank=True, absent=True)
    high_microusd: int = _positive("high", of="dollars", blank=True, absent=True)
    low_microusd: int = _positive("low", of="dollars", blank=True, absent=True)
    volume: float = _field("volume", "real", expected="shares, zero or more", blank=True, absent=True, ge=0)


class Prices(Rows):
    """feeds/D/prices: raw closes, as traded."""

    security_id: str = _id("security_id")
    close_microusd: int = _positive("close_usd", of="dollars")
    open_microusd: int = _positive("open_usd", of="dollars", blank=True, absent=True)
    high_microusd: int = _positive("high_usd", of="dollars", blank=True, absent=True)
    low_microusd: int = _positive("low_usd", of="dollars", blank=True, absent=True)
    volume: float = _field("volume", "real", expected="shares, zero or more", blank=True, absent=True, ge=0)


class CorporateActions(Rows):
    """feeds/D/corporate_actions: what happened to a security's shares."""

    action_id: str = _id("action_id")
    security_id: str = _id("security_id")
    kind: str = _word(
        "kind",
        among=[
            "cash_dividend",
            "split",
            "stock_dividend",
            "spinoff",
            "merger",
            "return_of_capital",
            "symbol_change",
            "delisting",
            "unclassified",
        ],
    )
    ex_date: pl.Date = _date("ex_date")
    ratio_new: int = _ratio("ratio_new")
    ratio_old: int = _ratio("ratio_old")
    cash_microusd: int = _not_negative("cash_usd", of="dollars per share", blank=True)
    new_security_id: str = _id("new_security_id", blank=True)
    fmv_old_microusd: int = _positive("fmv_old_usd", of="dollars per share", blank=True)
    fmv_new_microusd: int = _positive("fmv_new_usd", of="dollars per share", blank=True)
    cash_in_lieu_microusd: int = _not_negative("cash_in_lieu_usd", of="dollars per share", blank=True)
    sequence: int = _sequence()


class Benchmark(Rows):
    """feeds/D/benchmark: the weights of every benchmark."""

    benchmark_id: str = _id("benchmark_id")
    security_id: str = _id("security_id")
    weight: float = _fraction("weight")


class Activity(Rows):
    """feeds/D/activity: what the custodian booked; amounts are positive, the kind gives the direction.

    An event that cannot be booked (an unknown kind or security, no shares, a name used twice) is the ledger's to
    refuse: its household is held, and its neighbours go on.
    """

    event_id: str = _id("event_id")
    account_id: str = _id("account_id")
    kind: str = _id("kind")
    trade_date: pl.Date = _date("trade_date")
    security_id: str = _id("security_id", blank=True)
    lot_id: str = _id("lot_id", blank=True)
    micro_shares: int = _positive("shares", of="shares", blank=True)
    amount_microusd: int = _not_negative("amount_usd", of="dollars", blank=True)
    acquired_date: pl.Date = _date("acquired_date", blank=True, absent=True)
    holding_start_date: pl.Date = _date("holding_start_date", blank=True, absent=True)
    supersedes: str = _id("supersedes", blank=True)

    @pa.dataframe_check(error="supersedes: another event than itself")
    @classmethod
    def no_event_supersedes_itself(cls, data: PolarsData) -> pl.LazyFrame:
        """Hold a correction to another event."""
        return data.lazyframe.select((pl.col("supersedes") != pl.col("event_id")).fill_null(value=True))


class Positions(Rows):
    """feeds/D/positions: what the custodian holds at the close; a row of zero shares says nothing."""

    account_id: str = _id("account_id")
    security_id: str = _id("security_id")
    micro_shares: int = _not_negative("shares", of="shares")


class CustodianLots(Rows):
    """feeds/D/custodian_lots: the custodian's own lots at the close, a row for each holding start within a lot."""

    account_id: str = _id("account_id")
    lot_id: str = _id("lot_id")
    security_id: str = _id("security_id")
    micro_shares: int = _positive("shares", of="shares")
    basis_microusd: int = _not_negative("basis_usd", of="dollars")
    acquired_date: pl.Date = _date("acquired_date")
    holding_start_date: pl.Date = _date("holding_start_date")

    @pa.dataframe_check(error="holding_start_date: no later than acquired_date")
    @classmethod
    def holding_starts_by_the_purchase(cls, data: PolarsData) -> pl.LazyFrame:
        """Tacking moves a holding start back, never forward."""
        return data.lazyframe.select(pl.col("holding_start_date") <= pl.col("acquired_date"))


class Flows(Rows):
    """feeds/D/flows: expected deposits above zero, withdrawals below."""

    account_id: str = _id("account_id")
    amount_microusd: int = _dollars("amount_usd")


class RiskModelFeed(Rows):
    """feeds/D/risk_model without its exposures f01..fNN, whose number the header tells."""

    security_id: str = _id("security_id")
    specific_variance: float = _field("specific_variance", "real", expected="an annualised variance above zero", gt=0)


MODELS: dict[str, type[Rows]] = {
    "securities": Securities,
    "identical_groups": IdenticalGroups,
    "accounts": Accounts,
    "restrictions": Restrictions,
    "opening_lots": OpeningLots,
    "opening_cash": Cash,
    "return_history": ReturnHistory,
    "reorganisations": Reorganisations,
    "rulings": Rulings,
    "price_confirmations": PriceConfirmations,
    "vendor_symbols": VendorSymbols,
    "prices": Prices,
    "vendor_prices": VendorPrices,
    "corporate_actions": CorporateActions,
    "benchmark": Benchmark,
    "activity": Activity,
    "positions": Positions,
    "custodian_lots": CustodianLots,
    "cash": Cash,
    "flows": Flows,
    "risk_model": RiskModelFeed,
}


def schema_of(name: str, *, header: tuple[str, ...]) -> pa.DataFrameSchema:
    """Return the schema of the file ``name``; a risk model's has as many exposures as its ``header`` names."""
    model = MODELS[name].to_schema()
    columns = dict(model.columns)
    if name == "risk_model":
        count = max(sum(1 for column in header if _EXPOSURE.fullmatch(column)), 1)
        facts = {"reads": "real", "expected": "an annualised exposure", "absent": False}
        for column in (f"f{number:02d}" for number in range(1, count + 1)):
            columns[column] = pa.Column(float, metadata={"column": column, **facts})
    return pa.DataFrameSchema(columns, checks=model.checks, strict=True, unique=list(CONTRACTS[name].key) or None)
