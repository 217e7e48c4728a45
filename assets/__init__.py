"""The stages of the night as Dagster assets: read, call, write, report."""
