-- household_sales: what a household sold on one session, lot by lot, and how much of its losses was disallowed that day.
-- Grain:   one row per (sale_id, account_id, security_id, lot_id).
-- Reads:   lots (of that session).
-- Binds:   $household_id.
-- Order:   sale_date, account_id, security_id, sale_id, lot_id.
select
    disposal_piece.sale_date,
    disposal_piece.account_id,
    disposal_piece.security_id,
    disposal_piece.sale_id,
    disposal_piece.lot_id,
    sum(disposal_piece.position_hi - disposal_piece.position_lo)::bigint as micro_shares,
    sum(disposal_piece.proceeds_microusd)::bigint as proceeds_microusd,
    sum(disposal_piece.proceeds_microusd - disposal_piece.basis_microusd)::bigint as gain_microusd,
    coalesce(max(matched.disallowed_microusd), 0)::bigint as disallowed_microusd
from lots.disposal_piece
left join (
    select sale_id, account_id, lot_id, sum(disallowed_microusd) as disallowed_microusd
    from lots.wash_match
    group by sale_id, account_id, lot_id
) as matched
    on matched.sale_id = disposal_piece.sale_id
    and matched.account_id = disposal_piece.account_id
    and matched.lot_id = disposal_piece.lot_id
where disposal_piece.household_id = $household_id
group by
    disposal_piece.sale_date,
    disposal_piece.account_id,
    disposal_piece.security_id,
    disposal_piece.sale_id,
    disposal_piece.lot_id
order by
    disposal_piece.sale_date,
    disposal_piece.account_id,
    disposal_piece.security_id,
    disposal_piece.sale_id,
    disposal_piece.lot_id
