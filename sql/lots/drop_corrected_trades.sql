-- drop_corrected_trades: corrected pairs are aged apart, from the session before the earliest day that changed.
-- Grain:   rows of trade.
-- Reads:   corrected.
-- Binds:   nothing.
-- Order:   none needed.
delete from trade
where exists (
    select 1 from corrected
    where
        corrected.household_id = trade.household_id
        and corrected.security_id = pair_security(trade.kind, trade.security_id)
)
