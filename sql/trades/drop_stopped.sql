-- drop_stopped: accounts that are stopped at publishing have no part in any block order.
-- Grain:   the rows of allocation that go.
-- Reads:   stopped.
-- Binds:   nothing.
-- Order:   none needed.
delete from allocation
where account_id in (select account_id from stopped)
