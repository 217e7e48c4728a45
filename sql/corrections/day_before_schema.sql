-- day_before_schema: where the replay keeps the lots and losses before a day, under the name that the audits read them by.
create schema before
