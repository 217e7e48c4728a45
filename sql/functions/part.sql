-- part: what belongs to share positions lo to hi of an amount spread over shares; parts sum to the whole.
-- Reads:   its arguments: whole numbers, not negative; in HUGEINT arithmetic where 64 bits do not hold shares * shares.
-- Notes:   most parts are whole, and a division of 128 bits takes ten times as long as those of 64. The whole shares of
--          the amount apart, total * hi // shares is total // shares * hi + total % shares * hi // shares.
create or replace temp macro part(total, shares, lo, hi) as
    case
        when lo = 0 and hi = shares and shares > 0 then total::bigint
        when
            total between 0 and 9223372036854775807
            and shares between 1 and 3037000499
            and lo between 0 and shares
            and hi between 0 and shares
            then (
                total::bigint // shares::bigint * hi::bigint + total::bigint % shares::bigint * hi::bigint // shares::bigint
            ) - (
                total::bigint // shares::bigint * lo::bigint + total::bigint % shares::bigint * lo::bigint // shares::bigint
            )
        else ((total::hugeint * hi) // shares - (total::hugeint * lo) // shares)::bigint
    end
