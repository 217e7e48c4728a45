-- answer: what one account was solved from: its value, and the gap before rounding.
-- Grain:   one row.
-- Reads:   proposals.
-- Binds:   $account.
-- Order:   a single row.
select nav_microusd, objective_idle, gap_continuous_bp, nodes from proposals.answer where account_id = $account
