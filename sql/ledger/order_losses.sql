-- order_losses: the rounds in which the turn's losses look for shares bought before them; one round is the rule.
-- Grain:   rows of exposed_loss.
-- Reads:   open_part.
-- Binds:   $night, $turn, $older_lot.
-- Order:   within a household's group: sale_order, acquired_date, purchase_order, sale_id, account_id, lot_id, position_lo.
-- Notes:   shares of one purchase never replace others of it (Rev. Rul. 56-602). Where a purchase is sold at a loss and
--          could also replace another loss of the turn, the losses go one purchase after the other, in their order;
--          likewise where lots older than the one sold do not count.
update exposed_loss set round = ordered.round
from (
    with losses as (
        select * from exposed_loss where sale_date = $night::date and turn = $turn
    ),
    one_by_one as (
        select losses.household_id, losses.identical_group
        from losses
        group by losses.household_id, losses.identical_group
        having
            min(losses.bought_as) <> max(losses.bought_as)
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
        semi join one_by_one using (household_id, identical_group)
        window in_order as (
            partition by household_id, identical_group
            order by sale_order, acquired_date, purchase_order, sale_id, account_id, lot_id, position_lo
        )
    )
    select
        loss_id,
        sum(next_purchase::integer) over (
            partition by household_id, identical_group
            order by sale_order, acquired_date, purchase_order, sale_id, account_id, lot_id, position_lo
            rows unbounded preceding
        ) as round
    from marked
) as ordered
where ordered.loss_id = exposed_loss.loss_id
