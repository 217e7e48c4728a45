-- outcome: each account's answer, HELD_BREAK where book and custodian disagree, HELD_SOLVER where the judge does not confirm.
-- Grain:   one row per account_id of the shard.
-- Reads:   answer, proposed_order, policies; holding_break, accepted_break and offence of this partition.
-- Binds:   nothing.
-- Order:   account_id.
-- Of an answer that the judge does not confirm no figure of the solve is told. Tax saved is minus the tax on tonight's sales at the account's own rates: positive where losses are realised.
insert into outcome
with broken as (
    select
        account_id,
        count(*) as breaks,
        string_agg(sentence, '; ' order by place) filter (where place <= 3) as first_breaks
    from (
        select
            account_id,
            sentence,
            row_number() over (partition by account_id order by of_lot, kind, security_id, sentence) as place
        from holding_break
    ) as numbered
    group by account_id
),
refused as (
    select account_id, string_agg(offence, '; ' order by offence) filter (where place <= 3) as offences
    from (
        select *, row_number() over (partition by account_id order by offence) as place from offence
    ) as numbered
    group by account_id
),
stopped as (
    select
        coalesce(broken.account_id, refused.account_id) as account_id,
        case when broken.account_id is not null then 'HELD_BREAK' else 'HELD_SOLVER' end as status,
        case
            when broken.breaks > 3 then broken.first_breaks || '; and ' || (broken.breaks - 3) || ' more'
            when broken.account_id is not null then broken.first_breaks
            else 'the judge does not confirm the answer: ' || refused.offences
        end as reasons
    from broken
    full join refused on refused.account_id = broken.account_id
),
traded as (
    select
        proposed_order.account_id,
        count(*) as orders,
        sum(loss_microusd)
            filter (where account.registration in ('taxable', 'trust')) as harvested_loss_microusd,
        sum(short_gain_microusd + long_gain_microusd)
            filter (where account.registration in ('taxable', 'trust')) as realized_gain_microusd,
        sum(
            -short_gain_microusd * case when short_gain_microusd >= 0 then short_rate else short_loss_rate end
            - long_gain_microusd * case when long_gain_microusd >= 0 then long_rate else long_loss_rate end
            order by security_id, side, lot_id
        ) filter (where account.registration in ('taxable', 'trust')) as tax_saved_microusd
    from proposals.proposed_order
    join policies.account on account.account_id = proposed_order.account_id
    group by proposed_order.account_id
)
select
    answer.account_id,
    answer.household_id,
    coalesce(stopped.status, answer.status) as status,
    concat_ws('; ', coalesce(stopped.reasons, nullif(answer.reasons, '')), accepted_break.sentences) as reasons,
    case when stopped.account_id is null then answer.objective end as objective,
    case when stopped.account_id is null then answer.bound end as bound,
    case when stopped.account_id is null then answer.gap_bp end as gap_bp,
    case when stopped.account_id is null then answer.gap_microusd end as gap_microusd,
    case when refused.account_id is null then answer.tracking_error_before_bps end as tracking_error_before_bps,
    case
        when stopped.account_id is null then answer.tracking_error_after_bps
        when refused.account_id is null then answer.tracking_error_before_bps
    end as tracking_error_after_bps,
    case when stopped.account_id is null then coalesce(traded.harvested_loss_microusd, 0) else 0 end,
    case when stopped.account_id is null then coalesce(traded.realized_gain_microusd, 0) else 0 end,
    case when stopped.account_id is null then coalesce(round(traded.tax_saved_microusd)::bigint, 0) else 0 end,
    answer.cash_before_microusd,
    case when stopped.account_id is null then answer.cash_after_microusd else answer.cash_before_microusd end,
    case when stopped.account_id is null then coalesce(traded.orders, 0) else 0 end as orders
from proposals.answer
left join stopped on stopped.account_id = answer.account_id
left join refused on refused.account_id = answer.account_id
left join traded on traded.account_id = answer.account_id
left join accepted_break on accepted_break.account_id = answer.account_id
order by answer.account_id
