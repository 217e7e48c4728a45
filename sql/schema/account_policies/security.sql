-- security: names, symbols, sectors and tonight's group of substantially identical securities.
-- Grain:   one row per security_id; a security not listed in identical_groups is its own group.
create table security (
    security_id varchar not null,
    symbol varchar not null,
    name varchar not null,
    sector varchar not null,
    identical_group varchar not null
)
