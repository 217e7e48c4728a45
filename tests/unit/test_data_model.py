"""The page about the tables says what the statements that make them say, of every column."""

from __future__ import annotations

import tomllib
from pathlib import Path

from assets.data_model import data_model, data_model_text
from assets.store import SQL, Store

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_statements_make_of_it() -> None:
    page = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
    assert page == data_model_text(), "run: python -m assets.data_model > docs/data-model.md"


def test_every_table_has_a_grain_and_every_column_a_meaning() -> None:
    for table in data_model():
        assert table.meaning, table.name
        assert table.grain, table.name
        assert not [column.name for column in table.columns if not column.meaning], table.name


def test_no_column_is_explained_that_is_not_there() -> None:
    said = tomllib.loads((SQL / "catalogue" / "columns.toml").read_text(encoding="utf-8"))
    models = data_model()
    names = {column.name for table in models for column in table.columns}
    names |= {f"{table.name}.{column.name}" for table in models for column in table.columns}
    assert set(said) <= names


def test_the_page_has_the_columns_that_the_database_makes(tmp_path: Path) -> None:
    for table in data_model():
        asset, _, name = table.name.partition(".")
        folder = SQL / "catalogue" if asset == "published" else SQL / "schema" / asset
        with Store(tmp_path).asking() as asking:
            asking.execute((folder / f"{name}.sql").read_text(encoding="utf-8"))
            described = asking.select(f"describe {name}").select("column_name", "null").rows()
        assert described == [(column.name, "YES" if column.nullable else "NO") for column in table.columns], table.name
