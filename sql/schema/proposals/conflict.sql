-- conflict: which limits of an infeasible account conflict, and by how much each would have to give.
-- Grain:   one row per (account_id, limit_name).
create table conflict (
    account_id varchar not null,
    limit_name varchar not null,
    needed double not null
)
