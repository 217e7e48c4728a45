-- stage_securities: every security a group of its own: a broker compares CUSIP with CUSIP.
-- Grain:   one row per security_id.
-- Reads:   policies.
-- Binds:   nothing.
-- Order:   none needed.
insert into ledger_security select security_id, security_id as identical_group from policies.security
