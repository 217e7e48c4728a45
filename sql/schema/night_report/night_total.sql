-- night_total: the night in figures.
-- Grain:   one row per figure.
create table night_total (
    figure varchar not null,
    amount decimal(24, 6) not null,
    unit varchar not null
)
