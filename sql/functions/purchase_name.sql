-- purchase_name: what a purchase is called wherever its shares go.
-- Reads:   its arguments: the account, security, lot and acquired date of the purchase.
-- Notes:   the date, because a lot's name may be used again once nothing of it is open in the account.
create or replace temp macro purchase_name(account_id, security_id, lot_id, acquired_date) as
    account_id || '/' || security_id || '/' || lot_id || '/' || acquired_date
