-- refuse_at_arrival: events that cannot be booked whatever the lots are; the first rule that each one breaks.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, activity, transfer_pair, ledger_security, ledger_session.
-- Binds:   $night, $first_night.
-- Order:   event_id, account_id.
insert into refused_event
with fact as (
    select
        trade.*,
        greatest(coalesce(repeated_trade.trades, 1), coalesce(repeated_name.rows_of_file, 1)) as namesakes,
        ledger_security.security_id is not null as known_security,
        trade.kind in ('buy', 'reinvest', 'sell', 'transfer_in', 'transfer_out') as moves_shares,
        transfer_pair.others,
        transfer_pair.one_household,
        transfer_pair.one_kind,
        transfer_pair.same_shares
    from trade
    left join ledger_security on ledger_security.security_id = trade.security_id
    left join (
        select event_id, count(*) as trades from trade group by event_id having count(*) > 1
    ) as repeated_trade on repeated_trade.event_id = trade.event_id
    left join (
        -- Its namesakes may be in other shards.
        select event_id, max(namesakes) as rows_of_file from activity.activity where namesakes > 1 group by event_id
    ) as repeated_name on repeated_name.event_id = trade.event_id
    left join transfer_pair
        on transfer_pair.event_id = trade.event_id and transfer_pair.account_id = trade.account_id
),
judged as (
    select
        *,
        case
            when namesakes > 1 then 'LOT-001'
            when kind not in (
                'buy', 'sell', 'reinvest', 'transfer_in', 'transfer_out', 'deposit', 'withdrawal', 'dividend', 'fee',
                'cancel'
            ) then 'LOT-012'
            when trade_date <= $first_night::date then 'LOT-008'
            when trade_date not in (from ledger_session) then 'LOT-002'
            when moves_shares and not known_security then 'LOT-003'
            when moves_shares and micro_shares is null then 'LOT-006'
            when kind not in ('transfer_out', 'cancel') and amount_microusd is null then 'LOT-006'
            when kind = 'cancel' and supersedes is null then 'LOT-006'
            when amount_microusd < 0 then 'LOT-006'
            when kind in ('transfer_in', 'transfer_out') and lot_id is null then 'LOT-006'
            when not one_household then 'LOT-009'
            when not one_kind then 'LOT-010'
            when others > 1 or not same_shares then 'LOT-011'
        end as code
    from fact
)
select distinct
    household_id,
    account_id,
    event_id,
    code,
    'event ' || event_id || ' of account ' || account_id as place,
    case code
        when 'LOT-001' then namesakes || ' events of that name'
        when 'LOT-012' then 'an event of the kind ' || kind
        when 'LOT-008' then 'the trade date ' || trade_date
        when 'LOT-002' then 'the trade date ' || trade_date
        when 'LOT-003' then 'the security ' || coalesce(security_id, 'of no name')
        when 'LOT-006' then
            'a ' || kind || ' of ' || coalesce(micro_shares || ' micro-shares', 'no number of shares') || ' for '
            || coalesce(amount_microusd || ' micro-dollars', 'no amount') || ', lot ' || coalesce(lot_id, 'not named')
            || case when kind = 'cancel' then ', of no event' else '' end
        when 'LOT-009' then 'a transfer to another household: a gift'
        when 'LOT-010' then 'a transfer between a retirement account and another'
        when 'LOT-011' then 'a transfer of lot ' || lot_id || ' with ' || others || ' other sides, or other shares'
    end as found,
    case code
        when 'LOT-001' then 'one'
        when 'LOT-012' then 'a kind of docs/feeds.md; short sales, options and other contracts are not kept'
        when 'LOT-008' then 'a date after the opening of the book on ' || $first_night::date
        when 'LOT-002' then 'a session no later than ' || $night::date
        when 'LOT-003' then 'a security of securities.csv'
        when 'LOT-006' then 'shares, an amount that is not negative, for a transfer a lot, and for a cancel the event that it takes back'
        when 'LOT-009' then 'a transfer within one household; gifts are not kept'
        when 'LOT-010' then 'accounts of one kind; contributions and distributions in kind are not kept'
        when 'LOT-011' then 'one other side with the same shares'
    end as expected,
    case code
        when 'LOT-003' then 'Add the security to static/securities.csv, or ask the custodian for a correction.'
        else 'Ask the custodian for a correction that supersedes the event.'
    end as remedy
from judged
where code is not null
order by event_id, account_id
