-- shares_are_conserved: holdings whose shares before, with tonight's events, are not the shares after.
-- Grain:   one row per offending (account_id, security_id).
-- Reads:   before, touched, open_part, event.
-- Binds:   nothing.
-- Order:   account_id, security_id.
-- Notes:   on the sublots that tonight could change; untouched_sublots_are_kept holds the others.
with flow as (
    select sublot.account_id, sublot.security_id, sublot.position_hi - sublot.position_lo as micro_shares
    from before.sublot
    semi join touched on touched.source_row = sublot.rowid
    union all
    select account_id, security_id, micro_shares from event where micro_shares <> 0
    union all
    select account_id, security_id, position_lo - position_hi as micro_shares from open_part
)
select account_id, security_id, sum(micro_shares)::bigint as missing_micro_shares
from flow
group by account_id, security_id
having sum(micro_shares) <> 0
order by account_id, security_id
