-- new_facts: what the replay realises before tonight.
-- Grain:   none; facts are summed.
-- Reads:   disposal_piece, wash_match.
-- Binds:   $night.
-- Order:   none needed.
insert into realized_fact
select
    1 as sign,
    household_id,
    account_id,
    security_id,
    true as from_piece,
    sale_id,
    lot_id,
    year(sale_date) as tax_year,
    long_term,
    position_hi - position_lo as micro_shares,
    proceeds_microusd,
    basis_microusd,
    0 as disallowed_microusd,
    0 as permanent_microusd
from disposal_piece
where taxable and sale_date < $night::date
union all
select
    1,
    household_id,
    account_id,
    replacement_security_id,
    false,
    sale_id,
    lot_id,
    year(sale_date),
    long_term,
    0,
    0,
    0,
    disallowed_microusd,
    case when permanent then disallowed_microusd else 0 end
from wash_match
where match_date < $night::date
