-- restatement: how tonight's corrections change what was realised on earlier nights; append-only, tonight's rows.
-- Grain:   one row per (account_id, sale_id, lot_id, tax_year, long_term) that changed.
-- Units:   signed differences, new less known before. Nights already published stay as they were; what is known of a
--          sale is its pieces and matches and all restatements since.
create table restatement (
    household_id varchar not null,
    account_id varchar not null,
    security_id varchar not null, -- of the sale; of the replacement where the sale itself is not restated
    sale_id varchar not null,
    lot_id varchar not null,
    tax_year integer not null,
    long_term boolean not null,
    micro_shares bigint not null,
    proceeds_microusd bigint not null,
    basis_microusd bigint not null,
    disallowed_microusd bigint not null,
    permanent_microusd bigint not null
)
