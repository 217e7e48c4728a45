"""One account's problem as arrays, and its certified orders; knows neither Dagster nor DuckDB."""
