-- first_day: the earliest day of the pairs that was changed tonight, or by a file of $since or later.
-- Grain:   one row.
-- Reads:   seed, pair, arrival, original, ledger_account, ledger_session, known_action.
-- Binds:   $since.
-- Order:   one row.
-- Notes:   what such a file corrected before $since is not in the lots at the close of the session before $since.
with touching as (
    select account_id, pair_security(kind, security_id) as security_id, trade_date
    from arrival
    where arrived >= $since::date
    union all
    select original.account_id, pair_security(original.kind, original.security_id), original.trade_date
    from original
    join arrival on arrival.supersedes = original.event_id
    where arrival.arrived >= $since::date
),
changed as (
    select since as day from seed
    union all
    select touching.trade_date
    from touching
    join ledger_account on ledger_account.account_id = touching.account_id
    semi join pair on pair.household_id = ledger_account.household_id and pair.security_id = touching.security_id
    where touching.trade_date in (from ledger_session)
    union all
    select known_action.effective_date
    from known_action
    semi join pair on pair.security_id in (known_action.security_id, known_action.new_security_id)
    where known_action.booked_on >= $since::date
)
select min(day) as first_day from changed
