-- vendor_price: tonight's closes as the vendor's file tells them, with its doubts.
-- Grain:   one row per security_id.
-- Reads:   vendor.vendor_close.
-- Binds:   nothing.
-- Order:   security_id.
insert into reported_price
select security_id, close_microusd, doubt, restated, settled
from vendor.vendor_close
order by security_id
