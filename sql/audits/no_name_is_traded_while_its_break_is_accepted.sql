-- no_name_is_traded_while_its_break_is_accepted: allocations in a name of which nobody knows how much there is to sell.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   allocation, recon_break.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
select distinct allocation.account_id, allocation.security_id, allocation.side
from allocation
join recon_break
    on recon_break.account_id = allocation.account_id and recon_break.security_id = allocation.security_id
order by allocation.account_id, allocation.security_id, allocation.side
