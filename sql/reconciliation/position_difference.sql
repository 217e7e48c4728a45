-- position_difference: names of which the book and the custodian hold different numbers of shares, beyond the tolerance.
-- Grain:   one row per (account_id, security_id).
-- Reads:   compared_holding.
-- Binds:   $shares_tolerance_micro.
-- Order:   account_id, security_id.
create or replace temp table position_difference as
select account_id, security_id, book_micro, custodian_micro, custodian_micro - book_micro as difference_micro
from compared_holding
where abs(custodian_micro - book_micro) > $shares_tolerance_micro
order by account_id, security_id
