-- part: what belongs to share positions lo to hi of an amount spread over shares; parts sum to the whole.
-- Reads:   its arguments: BIGINT, not negative, in HUGEINT arithmetic.
-- Notes:   most parts are whole, and two divisions of 128 bits cost more than the rest of a statement.
create or replace temp macro part(total, shares, lo, hi) as
    case
        when lo = 0 and hi = shares and shares > 0 then total::bigint
        else ((total::hugeint * hi) // shares - (total::hugeint * lo) // shares)::bigint
    end
