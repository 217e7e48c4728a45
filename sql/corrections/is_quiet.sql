-- is_quiet: whether nothing of the pairs happened on a day that is booked again.
-- Grain:   one row.
-- Reads:   arrival, ledger_account, pair, known_action.
-- Binds:   $day.
-- Order:   one row.
select
    not exists (
        select 1
        from arrival
        join ledger_account on ledger_account.account_id = arrival.account_id
        join pair
            on pair.household_id = ledger_account.household_id
            and pair.security_id = pair_security(arrival.kind, arrival.security_id)
        where arrival.trade_date = $day::date
    )
    and not exists (
        select 1
        from known_action
        join pair on pair.security_id in (known_action.security_id, known_action.new_security_id)
        where known_action.effective_date = $day::date
    ) as quiet
