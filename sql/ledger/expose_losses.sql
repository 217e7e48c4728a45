-- expose_losses: the turn's losses, each with the round in which it looks for shares bought before it.
-- Grain:   one row per piece sold at a loss.
-- Reads:   taken, open_part.
-- Binds:   $night, $turn, $older_lot.
-- Order:   none needed.
-- Notes:   shares of one purchase never replace others of it (Rev. Rul. 56-602). Where a purchase is sold at a loss and
--          could also replace another loss of the day, the losses go one purchase after the other, in their order;
--          likewise where lots older than the one sold do not count. Two floor differences stand apart by at most one
--          micro-dollar from the exact gain, so a loss of one micro-dollar is rounding.
insert into exposed_loss
with losses as (
    select *, basis_microusd - proceeds_microusd as loss_microusd
    from taken
    where basis_microusd - proceeds_microusd > 1 and not no_basis
),
one_by_one as (
    select losses.household_id, losses.identical_group
    from losses
    group by losses.household_id, losses.identical_group
    having
        count(distinct losses.bought_as) > 1
        and (
            $older_lot = 'newer_only'
            or exists (
                select 1
                from open_part
                join losses as sold on sold.bought_as = open_part.bought_as
                where
                    sold.household_id = losses.household_id and sold.identical_group = losses.identical_group
                    and open_part.purchase and not open_part.absorbed
                    and open_part.acquired_date >= $night::date - 30
            )
        )
),
marked as (
    select
        losses.*,
        coalesce(lag(bought_as) over in_order <> bought_as, true) as next_purchase
    from losses
    window in_order as (
        partition by household_id, identical_group
        order by sequence, acquired_date, event_id, account_id, lot_id, position_lo
    )
)
select
    nextval('loss_number') as loss_id,
    $turn as turn,
    case
        when one_by_one.household_id is null then 1
        else sum(marked.next_purchase::integer) over (
            partition by marked.household_id, marked.identical_group
            order by
                marked.sequence, marked.acquired_date, marked.event_id, marked.account_id, marked.lot_id,
                marked.position_lo
            rows unbounded preceding
        )
    end as round,
    marked.household_id,
    marked.identical_group,
    marked.account_id,
    marked.security_id,
    marked.event_id as sale_id,
    marked.lot_id,
    marked.position_lo as piece_lo,
    marked.position_lo,
    marked.position_hi,
    marked.position_lo as loss_from,
    marked.position_hi - marked.position_lo as loss_shares,
    marked.loss_microusd,
    $night::date as sale_date,
    marked.sequence as sale_order,
    marked.acquired_date,
    marked.holding_start_date,
    $night::date >= long_from(marked.holding_start_date) as long_term,
    marked.bought_as
from marked
left join one_by_one
    on one_by_one.household_id = marked.household_id and one_by_one.identical_group = marked.identical_group
