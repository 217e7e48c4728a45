-- no_held_account_proposes_an_order: orders of accounts that are held or certified to need none.
-- Grain:   one row per offending account_id.
-- Reads:   answer, proposed_order.
-- Binds:   nothing.
-- Order:   account_id.
select
    answer.account_id,
    answer.status,
    count(*) as orders
from answer
join proposed_order using (account_id)
where answer.status not in ('CERTIFIED', 'CERTIFIED_RELAXED')
group by answer.account_id, answer.status
order by answer.account_id
