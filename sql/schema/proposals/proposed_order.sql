-- proposed_order: what the solver would trade, by lot; a purchase has no lot.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Units:   estimates are at the night's close, before costs; the gain is by the ledger's own floor differences.
create table proposed_order (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    micro_shares bigint not null check (micro_shares > 0),
    lot_id varchar,
    price_microusd bigint not null check (price_microusd > 0),
    estimated_microusd bigint not null,
    short_gain_microusd bigint not null,
    long_gain_microusd bigint not null,
    loss_microusd bigint not null check (loss_microusd >= 0), -- the losing parts alone, not netted
    may_lose boolean not null, -- a taxed sale below basis plus the margin: fills come at another price
    term varchar check (term in ('short', 'long')),
    reason varchar not null,
    check ((side = 'sell') = (lot_id is not null))
)
