-- opening_cash: the cash the book began with; rows on the book's first night only.
-- Grain:   one row per account_id.
create table opening_cash (
    account_id varchar not null,
    cash_microusd bigint not null
)
