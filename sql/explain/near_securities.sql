-- near_securities: securities whose names or symbols are most like one that the book does not have.
-- Grain:   one row per security_id, at most two.
-- Reads:   policies.
-- Binds:   $security_id.
-- Order:   falling likeness, then security_id.
select security_id
from policies.security
order by
    greatest(
        jaro_winkler_similarity(security_id, $security_id), jaro_winkler_similarity(symbol, $security_id)
    ) desc,
    security_id
limit 2
