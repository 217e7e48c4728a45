-- ledger_session: the sessions of which events are booked, from the one after the book's first night to tonight.
-- Grain:   one row per session.
create or replace temp table ledger_session (session date not null)
