-- break_count: breaks between book and custodian by kind, those that are accepted apart.
-- Grain:   one row per (kind, accepted).
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   kind, accepted.
insert into break_count
select kind, accepted_by is not null as accepted, count(*) as breaks, count(distinct account_id) as accounts
from trades.recon_break
group by kind, accepted
order by kind, accepted
