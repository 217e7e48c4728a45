-- stage_transfer_pairs: which transfers are two sides of one move inside the book.
-- Grain:   one row per transfer (event_id, account_id) with another side.
-- Reads:   activity, policies.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table transfer_pair as
with transfer as (
    select activity.*, account.household_id, account.registration in ('ira', 'roth') as no_basis
    from activity.activity
    join policies.account on account.account_id = activity.account_id
    where activity.kind in ('transfer_in', 'transfer_out')
)
select
    one.event_id,
    one.account_id,
    min(other.account_id) as other_account_id,
    count(*) as others,
    bool_and(other.household_id = one.household_id) as one_household,
    bool_and(other.no_basis = one.no_basis) as one_kind,
    bool_and(other.micro_shares = one.micro_shares) as same_shares
from transfer as one
join transfer as other
    on other.lot_id = one.lot_id
    and other.security_id = one.security_id
    and other.trade_date = one.trade_date
    and other.account_id <> one.account_id
    and other.kind <> one.kind
    -- Custodians number lots by account: in another household only the same shares make it one move.
    and (other.household_id = one.household_id or other.micro_shares = one.micro_shares)
group by one.event_id, one.account_id
