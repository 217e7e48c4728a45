-- known_facts: what one night booked as realised in the corrected households.
-- Grain:   none; facts are summed.
-- Reads:   booked, corrected.
-- Binds:   nothing.
-- Order:   none needed.
insert into realized_fact
select
    -1 as sign,
    household_id,
    account_id,
    sale_id,
    lot_id,
    year(sale_date) as tax_year,
    long_term,
    position_hi - position_lo as micro_shares,
    proceeds_microusd,
    basis_microusd,
    0 as disallowed_microusd,
    0 as permanent_microusd
from booked.disposal_piece
where taxable and household_id in (from corrected)
union all
select
    -1,
    household_id,
    account_id,
    sale_id,
    lot_id,
    year(sale_date),
    long_term,
    0,
    0,
    0,
    disallowed_microusd,
    case when permanent then disallowed_microusd else 0 end
from booked.wash_match
where household_id in (from corrected)
union all
select
    -1,
    household_id,
    account_id,
    sale_id,
    lot_id,
    tax_year,
    long_term,
    micro_shares,
    proceeds_microusd,
    basis_microusd,
    disallowed_microusd,
    permanent_microusd
from booked.restatement
where household_id in (from corrected)
