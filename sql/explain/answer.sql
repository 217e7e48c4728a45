-- answer: what the solve proposed for one account, the limits in force and how many orders it proposed.
-- Grain:   one row.
-- Reads:   proposals.
-- Binds:   $account_id.
-- Order:   none needed.
select
    answer.status,
    answer.reasons,
    answer.objective,
    answer.bound,
    answer.objective_idle,
    answer.gap_continuous_bp,
    answer.nav_microusd,
    answer.turnover,
    answer.nodes,
    certificate.relaxed,
    certificate.tracking_error_max,
    (select count(*) from proposals.proposed_order where account_id = $account_id) as proposed_orders,
    (select count(*) from proposals.certificate_leaf where account_id = $account_id) as leaves
from proposals.answer
left join proposals.certificate on certificate.account_id = answer.account_id
where answer.account_id = $account_id
