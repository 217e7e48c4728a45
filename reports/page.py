"""One self-contained HTML document: a template, its style sheet, charts and tables in place; no network, no script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def rendered(template: str, facts: Mapping[str, Any], *, charts: Mapping[str, str], tables: Mapping[str, str]) -> str:
    """Return ``template`` filled in; all but charts and tables, which are HTML already, is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"usd": usd, "count": count, "percent": percent, "number": number}
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    page: str = environment.get_template(template).render(
        **facts,
        style=Markup(style),  # noqa: S704  # a file of ours
        charts={name: Markup(text) for name, text in charts.items()},  # noqa: S704  # escaped where they were made
        tables={name: Markup(text) for name, text in tables.items()},  # noqa: S704  # likewise
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", page)


def usd(micro: int | None) -> str:
    """Return micro-dollars as whole dollars.

    >>> usd(-1_234_567_890_000), usd(None)
    ('−$1,234,568', '–')
    """
    if micro is None:
        return "–"
    return f"{'−' if micro < 0 else ''}${abs(micro) / 1e6:,.0f}"


def count(value: float | None) -> str:
    """Return a whole number."""
    return "–" if value is None else f"{value:,.0f}".replace("-", "−")


def percent(share: float | None, decimals: int = 1) -> str:
    """Return a fraction as per cent."""
    return "–" if share is None else f"{100 * share:.{decimals}f}%".replace("-", "−")


def number(value: float | None, decimals: int = 1) -> str:
    """Return a number with so many decimals."""
    return "–" if value is None else f"{value:,.{decimals}f}".replace("-", "−")
