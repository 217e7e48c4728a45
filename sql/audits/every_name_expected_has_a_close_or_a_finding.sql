-- every_name_expected_has_a_close_or_a_finding: names in a benchmark or owned that the vendor's file gives no close to
--         believe, and no finding says why.
-- Grain:   one row per offending (security_id).
-- Reads:   expected_name, vendor_close, open_suspicion, finding.
-- Binds:   nothing.
-- Order:   security_id.
select security_id
from expected_name
left join vendor_close using (security_id)
where
    (vendor_close.close_microusd is null or vendor_close.doubt is not null)
    and security_id not in (select security_id from open_suspicion)
    and security_id not in (select subject from finding where effect = 'frozen')
order by security_id
