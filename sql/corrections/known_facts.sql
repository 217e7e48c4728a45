-- known_facts: what one night booked as realised in the pairs.
-- Grain:   none; facts are summed.
-- Reads:   booked, pair.
-- Binds:   nothing.
-- Order:   none needed.
insert into realized_fact
with fact as (
    select
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
    from booked.disposal_piece
    where taxable
    union all
    select
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
    from booked.wash_match
    union all
    select
        household_id,
        account_id,
        security_id,
        false,
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
)
select -1 as sign, fact.*
from fact
semi join pair on pair.household_id = fact.household_id and pair.security_id = fact.security_id
