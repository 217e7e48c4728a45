-- sell_fractions: fractions of a share that the account cannot hold are received and sold, oldest lot first.
-- Grain:   one row per account and lot that gives to its fraction.
-- Reads:   entitled, ledger_account.
-- Binds:   $share_unit, $action_id, $sequence, $new_security_id, $ratio_new, $ratio_old, $cash_in_lieu_microusd, $night.
-- Order:   none needed.
-- Notes:   Rev. Rul. 66-365; Rev. Proc. 77-41. The cash is for the exact fraction. Turn -1: they leave at once, before
--          any later action of the day.
insert into trade by name
with received as (
    select
        household_id,
        account_id,
        new_group,
        new_lot_id,
        min(acquired_date) as acquired_date,
        min(purchase_order) as purchase_order,
        max(account_count_hi) as account_count_hi,
        max(new_count_hi) as new_count_hi,
        (max(new_count_hi) - min(new_count_lo))::bigint as micro_shares
    from entitled
    group by household_id, account_id, new_group, new_lot_id
),
fraction as (
    select
        received.account_id,
        max(received.new_count_hi) % max(ledger_account.share_step_micro) as micro_shares,
        (
            max(received.account_count_hi)::hugeint * $ratio_new
            % (max(ledger_account.share_step_micro)::hugeint * $ratio_old)
            * $cash_in_lieu_microusd // ($ratio_old::hugeint * $share_unit)
        )::bigint as amount_microusd
    from received
    join ledger_account on ledger_account.account_id = received.account_id
    group by received.account_id
),
given as (
    select
        received.*,
        fraction.micro_shares as fraction_shares,
        fraction.amount_microusd,
        received.new_count_hi - received.micro_shares as lo,
        least(received.new_count_hi, fraction.micro_shares) as hi
    from received
    join fraction on fraction.account_id = received.account_id
    where received.new_count_hi - received.micro_shares < fraction.micro_shares and received.micro_shares > 0
)
select
    $action_id as event_id,
    account_id,
    household_id,
    'sell' as kind,
    $night::date as trade_date,
    $new_security_id as security_id,
    new_group as identical_group,
    new_lot_id as lot_id,
    hi - lo as micro_shares,
    part(amount_microusd, fraction_shares, lo, hi) as amount_microusd,
    part(amount_microusd, fraction_shares, lo, hi) as cash_microusd,
    $sequence - 1000000 as sequence,
    -1 as turn
from given
