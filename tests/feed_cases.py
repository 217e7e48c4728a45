"""A tiny book whose files are short enough to read: four names, three accounts of two households."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path

import numpy as np
import polars as pl

from assets.book import Book
from assets.feed_contracts import CONTRACTS
from assets.sessions import session_before

FIRST_NIGHT = dt.date(2015, 6, 1)
NAMES = ("AAA", "BBB", "CCC", "DDD")

SETTINGS = """
[book]
first_night = 2015-06-01
shards = 2

[risk_model]
factors = 2
sessions_min = 20
sessions_max = 40
"""

WITH_LOTS = (
    SETTINGS
    + """
[custodian]
lots = "feed"
"""
)

TINY = {
    "securities": """\
security_id,symbol,name,sector
AAA,AAA,"Alpha, Inc.",Energy
BBB,BB,Beta,Energy
CCC,CC,Gamma,Health
DDD,DD,Delta,Health
""",
    "identical_groups": """\
security_id,identical_group,from_date
AAA,G1,
BBB,G1,2015-06-02
""",
    "accounts": """\
account_id,household_id,owner_id,registration,benchmark_id,mode,frozen,short_rate,long_rate,short_loss_rate,\
long_loss_rate,risk_aversion,tracking_error_max_bps,cash_min,cash_max,sector_band,turnover_max,net_gain_budget_usd,\
cost_bps,trigger_bps,min_trade_usd,share_step,min_holding_days
A1,H1,O1,ira,IDX,tax_aware,false,0.4,0.2,0.4,0.2,50,,0.002,0.012,0.02,0.2,1000,5,1,100,0.0001,0
A2,H1,O1,taxable,IDX,tax_aware,false,0.4,0.2,0.4,0.2,50,150,0.002,0.012,,,,5,1,0,1,30
A3,H2,O2,trust,IDX,hold,true,0.4,0.2,0.4,0.2,20,,0,0.05,,,,5,1,0,1,0
""",
    "rulings": """\
ruling_id,at,kind,account_id,household_id,security_id,difference,from_night,to_night,role,reason
R2,2015-06-01T18:40:00Z,freeze,,,DDD,,,,operator,halted
R1,2015-06-01T18:30:00Z,accept,A2,,,0.02,2015-06-01,,operator,"rounding, known"
""",
    "restrictions": """\
account_id,kind,on,value,limit,reason,from_date,to_date
A1,exclude,sector,Health,,values,,
A1,max_weight,security,AAA,0.03,employer,2015-06-01,2015-06-30
A2,no_buy,security,BBB,,,2015-07-01,
A2,no_sell,security,CCC,,pledged,,2015-05-29
""",
    "opening_lots": """\
account_id,lot_id,security_id,acquired_date,holding_start_date,shares,basis_usd
A1,L1,AAA,2014-01-02,2014-01-02,10.5,900.123456
A2,L1,BBB,2015-05-01,,20,1000
A3,L2,CCC,2013-03-01,2012-12-31,1.000001,0
""",
    "opening_cash": """\
account_id,cash_usd
A1,10.01
A2,0
A3,-5.5
""",
    "reorganisations": """\
ex_date,security_id,kind,new_symbol,ratio,cash,note,price_check,source
2013-07-01,ZZZ,ipo_or_new_member,,,0.0,a note,,general knowledge
""",
    "price_confirmations": """\
security_id,session,reason
DDD,2015-05-29,looked into
""",
    "prices": """\
security_id,close_usd
AAA,100
BBB,50.25
CCC,10.000001
DDD,7
""",
    "corporate_actions": """\
action_id,security_id,kind,ex_date,ratio,cash_usd,new_security_id,fmv_old_usd,fmv_new_usd,cash_in_lieu_usd
""",
    "benchmark": """\
benchmark_id,security_id,weight
IDX,AAA,0.5
IDX,BBB,0.25
IDX,CCC,0.25
IDX,DDD,0
""",
    "activity": """\
event_id,account_id,kind,trade_date,security_id,lot_id,shares,amount_usd,supersedes
E1,A1,buy,2015-06-01,AAA,L9,1.5,150.15,
E2,A2,dividend,2015-06-01,BBB,,,3.21,
E3,A2,deposit,2015-05-29,,,,100,E0
""",
    "positions": """\
account_id,security_id,shares
A1,AAA,12
A2,BBB,20
A2,CCC,0
A3,CCC,1.000001
""",
    "cash": """\
account_id,cash_usd
A1,10.01
A2,3.21
A3,-5.5
""",
    "flows": """\
account_id,amount_usd
A1,-25
""",
}

CUSTODIAN_LOTS = """\
account_id,lot_id,security_id,shares,basis_usd,acquired_date,holding_start_date
A1,L1,AAA,10.5,900.12,2014-01-02,2014-01-02
A1,L9,AAA,1,150.15,2015-06-01,2015-05-20
A1,L9,AAA,0.5,75,2015-06-01,2015-06-01
A2,L1,BBB,20,1000,2015-05-01,2015-05-01
"""
"""What a custodian that sends its lots says of them; a book must ask for the file to be read (`WITH_LOTS`)."""

ACTIONS_HEADER = TINY["corporate_actions"]


def tiny_book(folder: Path, *, settings: str = SETTINGS) -> Book:
    """Return a book in ``folder`` with its opening and the feeds of its first night."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.toml").write_text(settings, encoding="utf-8")
    book = Book.open(folder)
    for name, text in TINY.items():
        put(book, name, text)
    history = folder / "static" / "return_history.parquet"
    return_history(sessions=30).write_parquet(history)
    return book


def put(book: Book, name: str, text: str, *, night: dt.date = FIRST_NIGHT, form: str = ".csv") -> Path:
    """Write one file of the book from CSV text, in any form, instead of the form that was there."""
    folder = book.path / "static" if CONTRACTS[name].folder == "static" else book.feeds(night)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (".csv", ".csv.gz", ".parquet"):
        (folder / f"{name}{old}").unlink(missing_ok=True)
    path = folder / f"{name}{form}"
    if form == ".parquet":
        pl.read_csv(io.StringIO(text), try_parse_dates=True).write_parquet(path)
    else:
        path.write_bytes(gzip.compress(text.encode(), mtime=0) if form == ".csv.gz" else text.encode())
    return path


def put_night(
    book: Book, *, night: dt.date, prices: dict[str, str], actions: str = "", header: str = ACTIONS_HEADER
) -> None:
    """Write the feeds of a later ``night``: ``prices`` by security, rows of ``actions``, the rest as on the first."""
    for name in ("benchmark", "positions", "cash"):
        put(book, name, TINY[name], night=night)
    lines = [f"{security},{close}\n" for security, close in prices.items()]
    put(book, "prices", "security_id,close_usd\n" + "".join(lines), night=night)
    if actions:
        put(book, "corporate_actions", header + actions, night=night)


def return_history(*, sessions: int) -> pl.DataFrame:
    """Return seeded returns of the tiny book's names on the ``sessions`` before its first night."""
    days = [session_before(FIRST_NIGHT)]
    while len(days) < sessions:
        days.append(session_before(days[-1]))
    returns = np.random.default_rng(7).normal(0, 0.01, size=(sessions, len(NAMES)))
    return pl.DataFrame(
        {
            "session": [day for day in days for _ in NAMES],
            "security_id": list(NAMES) * sessions,
            "total_return": returns.ravel(),
        }
    )
