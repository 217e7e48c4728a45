-- stage_securities: tonight's groups of substantially identical securities.
-- Grain:   one row per security_id.
-- Reads:   policies.
-- Binds:   nothing.
-- Order:   none needed.
insert into ledger_security select security_id, identical_group from policies.security
