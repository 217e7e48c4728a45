-- purchase_name: what a purchase is called wherever its shares go.
-- Reads:   its arguments: the account, security and lot of the purchase.
create or replace temp macro purchase_name(account_id, security_id, lot_id) as
    account_id || '/' || security_id || '/' || lot_id
