-- universe: the securities of tonight's problems, with price, risk, sector and why a name may not be traded.
-- Grain:   one row per security_id in a benchmark or owned anywhere in the book, with a price.
-- Reads:   prices, actions, benchmark, risk, policies, positions, lots.
-- Binds:   nothing.
-- Note:    a name that an operator froze has a value to trust; only distrusted ones count against the account's limit.
-- Order:   security_id; the order of every array of the solve.
with wanted as (
    select security_id from benchmark.benchmark_weight
    union
    select security_id from positions.position
    union
    select security_id from lots.sublot
)
select
    price.security_id,
    price.close_microusd,
    security.sector,
    security.identical_group_next as identical_group,
    specific_risk.specific_variance,
    case
        when frozen_security.security_id is not null then frozen_security.reason
        when not price.trusted then 'no trustworthy price: ' || price.distrust
        when specific_risk.security_id is null then 'no risk estimate'
        else switch_reason(switch.scope, switch.target, switch.ruling_id, switch.reason)
    end as freeze_reason,
    frozen_security.security_id is not null or not price.trusted or specific_risk.security_id is null as distrusted
from wanted
join prices.price using (security_id)
join policies.security using (security_id)
left join risk.specific_risk using (security_id)
left join actions.frozen_security using (security_id)
left join policies.switch on switch.scope = 'security' and switch.target = price.security_id
order by price.security_id
