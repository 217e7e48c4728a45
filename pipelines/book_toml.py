"""The text of ``book.toml``: every key of the settings, with the sentence that documents it."""

from __future__ import annotations

import datetime as dt
import json
import textwrap

from assets.book import BookSettings, Section

_WIDTH = 118


def book_toml(settings: BookSettings) -> str:
    """Return the file that reads back as ``settings``."""
    lines = ["# The settings of this book. Every key is documented; an unknown key is refused.", ""]
    for name, section in settings:
        assert isinstance(section, Section)
        lines.append(f"[{name}]")
        for key, value in section:
            about = (type(section).model_fields[key].description or "").replace("\n", " ").replace("``", "")
            lines += textwrap.wrap(about, _WIDTH, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{key} = {_literal(value)}")
        lines.append("")
    return "\n".join(lines)


def _literal(value: object) -> str:
    """Return ``value`` as TOML: dates bare, text quoted as in JSON, which TOML reads alike."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(part) for part in value)}]"
    assert isinstance(value, bool | int | float)
    return str(value).lower()
