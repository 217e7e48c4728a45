-- ruling: the rulings in force when the night was published, and what each met.
-- Grain:   one row per ruling_id.
create table ruling (
    ruling_id varchar not null,
    what varchar not null,
    reason varchar not null,
    met varchar not null -- of an acceptance: whether the break still is what it accepts, or there is none any more
)
