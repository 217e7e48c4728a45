-- recon_break: positions and cash in which the book and the custodian differ, what explains it, and who accepts it.
-- Grain:   one row per (account_id, kind, security_id).
-- Reads:   position_difference, cash_difference, explanation, policies.
-- Binds:   nothing.
-- Order:   total, by account_id, kind, security_id.
-- Note:    an acceptance is of one difference, to the last micro-share or micro-dollar, and of no other.
insert into recon_break by name
with explained as (
    select *
    from explanation
    qualify row_number() over (partition by account_id, security_id order by rank, explanation) = 1
),
differing as (
    select account_id, security_id, book_micro, custodian_micro, difference_micro from position_difference
    union all
    select account_id, null as security_id, book_micro, custodian_micro, difference_micro from cash_difference
)
select
    differing.account_id,
    case
        when differing.security_id is null then 'cash'
        when security.security_id is null then 'unknown_security'
        else coalesce(explained.kind, 'quantity')
    end as kind,
    differing.security_id,
    differing.book_micro,
    differing.custodian_micro,
    case when differing.security_id is not null and security.security_id is null then 'book' else explained.missing_at end
        as missing_at,
    concat_ws(
        '; ',
        case when differing.security_id is not null and security.security_id is null
            then 'the book has no such security' end,
        explained.explanation,
        case when acceptance.difference_micro <> differing.difference_micro
            then acceptance.ruling_id || ' accepts ' || (acceptance.difference_micro * 0.000001)::decimal(24, 6)
                || ' and no other difference' end
    ) as explanation,
    case when acceptance.difference_micro = differing.difference_micro then acceptance.ruling_id end as accepted_by
from differing
left join policies.security on security.security_id = differing.security_id
left join explained
    on explained.account_id = differing.account_id
    and explained.security_id is not distinct from differing.security_id
left join policies.acceptance
    on acceptance.account_id = differing.account_id
    and acceptance.security_id is not distinct from differing.security_id
order by differing.account_id, kind, differing.security_id
