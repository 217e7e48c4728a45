-- certificate: under which limits an account was solved, where they are not simply those of its policy.
-- Grain:   one row per solved account_id.
-- Units:   fractions of net asset value: cash min, cash max, each sector's upper and lower band, turnover, net gain.
create table certificate (
    account_id varchar not null,
    relaxed double[] not null,      -- by how much each limit was widened; empty where none was
    tracking_error_max double       -- the cap in force; null for none
)
