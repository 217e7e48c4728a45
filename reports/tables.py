"""Tables for a page: Great Tables formats the cells and escapes them, the page's style sheet dresses the rest.

What it writes is taken down to caption, headers with their scope, and cells: no style of its own, so that light, dark
and print are the page's business, and no attribute that a scope already says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple
from xml.etree import ElementTree

import polars as pl
from great_tables import GT

Kind = Literal[
    "text", "prose", "code", "day", "count", "usd", "cents", "shares", "bps", "two", "fine",
    "percent", "weight", "active",
]  # fmt: skip
DECIMALS: dict[Kind, int] = {"count": 0, "usd": 0, "cents": 2, "shares": 4, "bps": 1, "two": 2, "fine": 4}
PERCENTS: dict[Kind, int] = {"percent": 1, "weight": 2, "active": 2}
TEXTS: tuple[Kind, ...] = ("text", "prose", "code", "day")
CLASSES: dict[Kind, str] = {"code": "code", "prose": "wide", "day": "day"}
NOTHING = "–"
MICRO = 1e-6
UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\u{fffe}\u{ffff}]"
"""What no document may hold, or no reader sees, whatever ids and names a feed brings."""


class Column(NamedTuple):
    """A column of a table: its name in the frame, its header, what it holds."""

    name: str
    label: str
    kind: Kind = "text"


def table(name: str, frame: pl.DataFrame, *, caption: str, columns: Sequence[Column], has_total: bool = False) -> str:
    """Return ``frame`` as an HTML table whose first column names the rows; its last row is the sum where it has one.

    Columns of kind usd, cents and shares hold millionths, those of percent, weight and active fractions. The
    order is the frame's.
    """
    shown = frame.select(
        (pl.col(column.name) * MICRO).alias(column.name)
        if column.kind in ("usd", "cents", "shares")
        else pl.col(column.name).cast(pl.String).str.replace_all(UNPRINTABLE, "\N{REPLACEMENT CHARACTER}")
        if column.kind in TEXTS
        else pl.col(column.name)
        for column in columns
    )
    made = GT(shown, rowname_col=columns[0].name, id=name).tab_header(caption).tab_stubhead(columns[0].label)
    made = made.cols_label({column.name: column.label for column in columns[1:]})
    for column in columns:
        if column.kind in DECIMALS:
            short = column.kind == "shares"
            made = made.fmt_number(column.name, decimals=DECIMALS[column.kind], drop_trailing_zeros=short)
        elif column.kind in PERCENTS:
            made = made.fmt_percent(column.name, decimals=PERCENTS[column.kind], force_sign=column.kind == "active")
    written = made.sub_missing(missing_text=NOTHING).as_raw_html()
    begin, end = written.index("<table"), written.rindex("</table>") + len("</table>")
    root = ElementTree.fromstring(written[begin:end])  # noqa: S314  # Great Tables' own text
    return _for_page(root, columns=columns, has_total=has_total)


def _for_page(root: ElementTree.Element, *, columns: Sequence[Column], has_total: bool) -> str:
    heads, body = root.find("thead"), root.find("tbody")
    assert heads is not None
    assert body is not None
    heading = next(row for row in heads if row.attrib.get("class") == "gt_heading")
    heads.remove(heading)
    caption = ElementTree.Element("caption")
    caption.text = "".join(heading.itertext()).strip()
    root.insert(0, caption)
    for part in root.iter():
        part.attrib = {key: value for key, value in part.attrib.items() if key == "scope"}
        part.tail = None
    for row in (*heads, *body):
        row.text = None
        for cell, column in zip(row, columns, strict=True):
            if column.kind not in TEXTS and column is not columns[0]:
                cell.attrib["class"] = "n"
            elif column.kind in CLASSES and cell.tag == "td":
                cell.attrib["class"] = CLASSES[column.kind]
    for part in (root, heads, body):
        part.text = None
    if has_total and len(body):
        body[-1].attrib["class"] = "total"
    return ElementTree.tostring(root, encoding="unicode", method="html")
