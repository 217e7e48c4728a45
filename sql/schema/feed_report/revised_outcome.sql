-- revised_outcome: accounts of the night before whose outcome would have been another at the closes told tonight.
-- Grain:   one row per account_id.
create table revised_outcome (
    account_id varchar not null,
    session date not null,
    status varchar not null,               -- as it was published
    frozen_share double not null,          -- of the account's value in frozen names, as it was
    revised_frozen_share double not null,
    effect varchar not null check (effect in ('would have been HELD_DATA', 'would not have been held for its names'))
)
