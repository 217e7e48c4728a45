-- account_number: the place of each account in the arrays of the solve; lots are told by it, not by its name.
-- Grain:   one row per account_id.
create or replace temp table account_number (account_id varchar not null, account integer not null)
