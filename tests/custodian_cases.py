"""A book whose custodian sends its lots, with purchases that wash losses inside an account and across a household."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl

from assets.book import Book
from pipelines.custodian_lots import custodian_lots
from pipelines.feed_tables import read_table, write_table

PRICE = Decimal(10)


def ask_for_lots(book: Path) -> None:
    file = book / "book.toml"
    text = file.read_text(encoding="utf-8")
    assert 'lots = "none"' in text
    file.write_text(text.replace('lots = "none"', 'lots = "feed"'), encoding="utf-8")


def buy_back(book: Book, night: dt.date) -> None:
    """Let every second selling account, and another of its household, buy back a share of what was sold."""
    folder = book.feeds(night)
    tables = {name: read_table(folder=folder, name=name) for name in ("activity", "positions", "cash")}
    accounts = read_table(folder=book.path / "static", name="accounts").select("account_id", "household_id")
    sold = tables["activity"].filter(pl.col("kind") == "sell").unique("account_id", maintain_order=True)
    wanted = sold.select("account_id", "security_id").gather_every(2)
    others = (
        sold.select("account_id", "security_id")
        .join(accounts, on="account_id")
        .join(accounts, on="household_id", suffix="_other")
        .filter(pl.col("account_id") != pl.col("account_id_other"))
        .select(account_id="account_id_other", security_id="security_id")
    )
    bought = pl.concat([wanted, others]).unique(maintain_order=True)
    bought = bought.join(tables["activity"].filter(kind="sell"), on=["account_id", "security_id"], how="left").select(
        "account_id", "security_id"
    )
    bought = bought.unique(maintain_order=True).with_row_index("number")
    events = bought.select(
        event_id=pl.format("W{}", "number"),
        account_id="account_id",
        kind=pl.lit("buy"),
        trade_date=pl.lit(night.isoformat()),
        security_id="security_id",
        lot_id=pl.format("W{}", "number"),
        shares=pl.lit("1"),
        amount_usd=pl.lit(str(PRICE)),
        supersedes=pl.lit(None, dtype=pl.String),
    )
    one = bought.select("account_id", "security_id", shares=pl.lit(1).cast(pl.Decimal(18, 6)))
    shares = pl.col("shares").cast(pl.Decimal(18, 6))
    held = pl.concat([tables["positions"].with_columns(shares), one]).group_by("account_id", "security_id")
    paid = bought.group_by("account_id").agg(paid=pl.len() * int(PRICE))
    left = pl.col("cash_usd").cast(pl.Decimal(18, 6)) - pl.col("paid").fill_null(0)
    tables["activity"] = pl.concat([tables["activity"], events], how="diagonal_relaxed")
    tables["positions"] = held.agg(pl.col("shares").sum()).sort("account_id", "security_id")
    tables["cash"] = (
        tables["cash"]
        .join(paid, on="account_id", how="left", maintain_order="left")
        .select("account_id", cash_usd=left)
    )
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")
    write_table(custodian_lots(book, session=night, folder=folder), folder=folder, name="custodian_lots")


def correct_a_purchase(book: Book, *, bought: dt.date, night: dt.date) -> None:
    """Let the feeds of ``night`` say that one of the purchases of ``bought`` cost two dollars more."""
    folder = book.feeds(night)
    wrong = read_table(folder=book.feeds(bought), name="activity").filter(event_id="W0")
    dearer = PRICE + 2
    right = wrong.with_columns(event_id=pl.lit("W0 again"), supersedes=pl.lit("W0"), amount_usd=pl.lit(str(dearer)))
    activity = pl.concat([read_table(folder=folder, name="activity"), right], how="diagonal_relaxed")
    cash = pl.col("cash_usd").cast(pl.Decimal(18, 6))
    paid = pl.when(account_id=wrong["account_id"].item()).then(cash - 2).otherwise(cash)
    activity.write_csv(folder / "activity.csv")
    read_table(folder=folder, name="cash").with_columns(cash_usd=paid).write_csv(folder / "cash.csv")
    write_table(custodian_lots(book, session=night, folder=folder), folder=folder, name="custodian_lots")
