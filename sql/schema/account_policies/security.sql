-- security: names, symbols, sectors and the groups of substantially identical securities, tonight's and the next session's.
-- Grain:   one row per security_id; a security not listed in identical_groups is its own group.
create table security (
    security_id varchar not null,
    symbol varchar not null,
    name varchar not null,
    sector varchar not null,
    identical_group varchar not null,     -- the ledger books tonight's events by this one
    identical_group_next varchar not null -- and tonight's orders, which trade next session, are judged by this one
)
