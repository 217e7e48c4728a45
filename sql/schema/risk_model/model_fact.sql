-- model_fact: where tonight's model came from and how good it is.
-- Grain:   one row per fact.
create table model_fact (
    fact varchar not null, -- source, factors, sessions, explained_variance, condition_number, names_imputed
    value varchar not null
)
