-- measure_entitlements: the new shares of every open part, old positions counted through the whole account.
-- Grain:   one row per part_id of the action's security.
-- Reads:   open_part, trade.
-- Binds:   $action_id, $security_id, $new_security_id, $ratio_new, $ratio_old.
-- Order:   none needed.
-- Notes:   breakpoints are scaled, never lengths, and through the account: so that its lots together hold what the
--          custodian pays, floor(shares * new / old). A lot's name that is taken in the new security, or that another
--          action of the day is about to buy there, gets the action's name added.
create or replace temp table entitled as
with counted as (
    select
        *,
        sum(position_hi - position_lo) over (
            partition by account_id
            order by acquired_date, purchase_order, lot_id, position_lo
            rows unbounded preceding
        )::bigint as count_hi,
        first_value(position_lo) over (
            partition by account_id, lot_id order by position_lo rows unbounded preceding
        ) as lot_lo,
        part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd
    from open_part
    where security_id = $security_id
)
select
    counted.part_id,
    counted.household_id,
    counted.account_id,
    counted.acquired_date,
    counted.purchase_order,
    counted.position_lo,
    counted.position_hi,
    counted.basis_microusd,
    counted.lot_id || case
        when
            $new_security_id <> $security_id and exists (
                select 1 from open_part as taken
                where
                    taken.security_id = $new_security_id
                    and taken.account_id = counted.account_id
                    and taken.lot_id = counted.lot_id
            )
            or $new_security_id <> $security_id and exists (
                select 1 from trade as bought
                where
                    bought.kind = 'buy'
                    and bought.sequence < 0
                    and bought.security_id = $new_security_id
                    and bought.account_id = counted.account_id
                    and bought.lot_id = counted.lot_id
            )
            then '@' || $action_id
        else ''
    end as new_lot_id,
    coalesce(ledger_security.identical_group, $new_security_id) as new_group,
    counted.count_hi as account_count_hi,
    scaled(counted.lot_lo, $ratio_new, $ratio_old) as new_lot_lo,
    scaled(counted.count_hi - (counted.position_hi - counted.lot_lo), $ratio_new, $ratio_old) as new_count_lot_lo,
    scaled(counted.count_hi - (counted.position_hi - counted.position_lo), $ratio_new, $ratio_old) as new_count_lo,
    scaled(counted.count_hi, $ratio_new, $ratio_old) as new_count_hi,
    -- Every breakpoint of the part scales without a remainder: it keeps the proportions it was bought with.
    counted.lot_lo::hugeint * $ratio_new % $ratio_old = 0
    and counted.position_lo::hugeint * $ratio_new % $ratio_old = 0
    and counted.count_hi::hugeint * $ratio_new % $ratio_old = 0
    and counted.position_hi::hugeint * $ratio_new % $ratio_old = 0
    and counted.part_from::hugeint * $ratio_new % $ratio_old = 0
    and counted.part_shares::hugeint * $ratio_new % $ratio_old = 0 as exact
from counted
left join ledger_security on ledger_security.security_id = $new_security_id
