-- part: what belongs to share positions lo to hi of an amount spread over shares; parts sum to the whole.
-- Reads:   its arguments: BIGINT, not negative, in HUGEINT arithmetic.
create or replace temp macro part(total, shares, lo, hi) as
    ((total::hugeint * hi) // shares - (total::hugeint * lo) // shares)::bigint
