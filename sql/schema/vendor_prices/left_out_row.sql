-- left_out_row: rows of the vendor's file that could not be read, and were left out.
-- Grain:   one row per line.
create table left_out_row (
    line bigint not null, -- of the file, whose header is row 1; of a Parquet file its row
    symbol varchar,
    column_name varchar not null,
    found varchar not null,
    expected varchar not null
)
