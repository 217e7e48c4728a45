-- lot_part: the lots of the shard as either side keeps them, a row for each holding start within a lot.
-- Grain:   one row per (side, account_id, security_id, lot_id, holding_start_date).
-- Reads:   broker, custodian, shards.
-- Binds:   $shard.
-- Order:   none needed.
-- Notes:   none on a night on which the custodian sent no lots: there is nothing to compare.
create or replace temp table lot_part as
select
    'book' as side,
    account_id,
    security_id,
    lot_id,
    holding_start_date,
    min(acquired_date) as acquired_date,
    sum(position_hi - position_lo)::bigint as micro_shares,
    sum(
        part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from)
    )::bigint as basis_microusd
from broker.sublot
where exists (select 1 from custodian.custodian_lot)
group by account_id, security_id, lot_id, holding_start_date
union all
select
    'custodian',
    custodian_lot.account_id,
    custodian_lot.security_id,
    custodian_lot.lot_id,
    custodian_lot.holding_start_date,
    custodian_lot.acquired_date,
    custodian_lot.micro_shares,
    custodian_lot.basis_microusd
from custodian.custodian_lot
join shards.account_shard on account_shard.account_id = custodian_lot.account_id and account_shard.shard = $shard
