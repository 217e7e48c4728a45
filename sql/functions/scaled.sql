-- scaled: a share position after new_shares for old_shares; positions are scaled, never lengths.
-- Reads:   its arguments: BIGINT, not negative, in HUGEINT arithmetic.
create or replace temp macro scaled(position, new_shares, old_shares) as
    ((position::hugeint * new_shares) // old_shares)::bigint
