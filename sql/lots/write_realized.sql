-- write_realized: realised gains by the year of the sale, and losses disallowed, whichever night disallows them.
-- Grain:   one row per (account_id, tax_year).
-- Reads:   before, disposal_piece, wash_match, restatement.
-- Binds:   nothing.
-- Order:   account_id, tax_year.
insert into realized_to_date
with change as (
    select * from before.realized_to_date
    union all by name
    select
        household_id,
        account_id,
        year(sale_date) as tax_year,
        case when long_term then 0 else proceeds_microusd - basis_microusd end as short_gain_microusd,
        case when long_term then proceeds_microusd - basis_microusd else 0 end as long_gain_microusd,
        0 as short_disallowed_microusd,
        0 as long_disallowed_microusd
    from disposal_piece
    where taxable
    union all by name
    select
        household_id,
        account_id,
        year(sale_date) as tax_year,
        0 as short_gain_microusd,
        0 as long_gain_microusd,
        case when long_term then 0 else disallowed_microusd end as short_disallowed_microusd,
        case when long_term then disallowed_microusd else 0 end as long_disallowed_microusd
    from wash_match
    union all by name
    select
        household_id,
        account_id,
        tax_year,
        case when long_term then 0 else proceeds_microusd - basis_microusd end as short_gain_microusd,
        case when long_term then proceeds_microusd - basis_microusd else 0 end as long_gain_microusd,
        case when long_term then 0 else disallowed_microusd end as short_disallowed_microusd,
        case when long_term then disallowed_microusd else 0 end as long_disallowed_microusd
    from restatement
)
select
    household_id,
    account_id,
    tax_year,
    sum(short_gain_microusd)::bigint as short_gain_microusd,
    sum(long_gain_microusd)::bigint as long_gain_microusd,
    sum(short_disallowed_microusd)::bigint as short_disallowed_microusd,
    sum(long_disallowed_microusd)::bigint as long_disallowed_microusd
from change
group by household_id, account_id, tax_year
having
    sum(short_gain_microusd) <> 0
    or sum(long_gain_microusd) <> 0
    or sum(short_disallowed_microusd) <> 0
    or sum(long_disallowed_microusd) <> 0
order by account_id, tax_year
