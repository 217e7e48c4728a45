-- resolved_term: the operator's terms by the contract's kinds, symbols resolved to securities; nothing is guessed.
-- Grain:   one row per row of stated_term.
-- Reads:   stated_term, known_security.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   a distribution of another class of shares divides basis as a spin-off does (26 U.S.C. 305(a), 307(a)). The
--          kind spinoff_parent_X stands at the company spun off and names its parent's symbol.
create temp table resolved_term as
with named as (
    select
        *,
        case
            when kind in ('spinoff', 'share_class_distribution') or kind like 'spinoff_parent_%' then 'spinoff'
            when kind in ('merger_stock', 'merger_cash_stock', 'acquired_cash') then 'merger'
            when kind <> 'ipo_or_new_member' then kind
        end as action_kind,
        nullif(regexp_extract(kind, '^spinoff_parent_(.+)$', 1), '') as parent_symbol
    from stated_term
),
symbol as (
    select symbol, count(*) as securities, min(security_id) as security_id
    from known_security
    group by symbol
),
looked_up as (
    select
        named.*,
        parent.security_id as parent_id,
        coalesce(parent.securities, 0) as parents,
        new.security_id as new_id,
        coalesce(new.securities, 0) as news
    from named
    left join symbol as parent on parent.symbol = named.parent_symbol
    left join symbol as new on new.symbol = named.new_symbol
)
select
    row_number() over (order by ex_date, security_id, sequence, kind) as term,
    ex_date,
    effective_date,
    security_id as stated_security_id,
    kind as stated_kind,
    sequence,
    action_kind,
    case when parent_symbol is null then security_id else parent_id end as security_id,
    case when action_kind in ('spinoff', 'merger', 'split', 'stock_dividend') and kind <> 'acquired_cash' then ratio_new end
        as ratio_new,
    case when action_kind in ('spinoff', 'merger', 'split', 'stock_dividend') and kind <> 'acquired_cash' then ratio_old end
        as ratio_old,
    case
        when kind = 'merger_stock' then nullif(cash_microusd, 0)
        when action_kind in ('merger', 'cash_dividend', 'return_of_capital', 'delisting') then cash_microusd
    end as cash_microusd,
    case
        when parent_symbol is not null then security_id
        when action_kind in ('spinoff', 'merger', 'symbol_change') and kind <> 'acquired_cash'
            then coalesce(new_security_id, case when news = 1 then new_id end)
    end as new_security_id,
    fmv_old_microusd,
    fmv_new_microusd,
    cash_in_lieu_microusd,
    case
        when parent_symbol is not null and parents = 0
            then 'the parent''s symbol ' || parent_symbol || ' is not a symbol of securities.csv'
        when parent_symbol is not null and parents > 1
            then 'the parent''s symbol ' || parent_symbol || ' is that of ' || parents || ' securities of securities.csv'
        when new_security_id is null and parent_symbol is null and new_symbol is not null and news = 0
            then 'new_symbol ' || new_symbol || ' is not a symbol of securities.csv: state new_security_id'
        when new_security_id is null and parent_symbol is null and news > 1
            then 'new_symbol ' || new_symbol || ' is that of ' || news
                || ' securities of securities.csv: state new_security_id'
    end as unresolved
from looked_up
