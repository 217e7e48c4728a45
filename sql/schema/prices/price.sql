-- price: one close per security of the book, and whether it is believed.
-- Grain:   one row per security_id.
-- Units:   micro-dollars per share, raw as traded; total_return is a simple return since the session before.
create table price (
    security_id varchar not null,
    close_microusd bigint not null check (close_microusd > 0), -- the last trusted close where tonight's is not trusted
    reported_microusd bigint check (reported_microusd > 0),    -- tonight's file, believed or not; null where it has none
    trusted boolean not null,
    distrust varchar,                                          -- why not: 'no price', 'jump'
    sessions_stale integer not null check (sessions_stale >= 0),
    total_return double,                                       -- null where either close is missing or not trusted
    check (trusted = (distrust is null))
)
