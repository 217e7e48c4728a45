-- vendor_close: what the vendor's file of the night says of a security, and why its close is doubted.
-- Grain:   one row per security_id that the file tells of, or that waits for an action.
-- Units:   micro-dollars per share; close and earlier close raw, as traded.
create table vendor_close (
    security_id varchar not null,
    symbol varchar,                                                        -- as the file has it tonight
    close_microusd bigint check (close_microusd > 0),                      -- null: none, or rows that contradict
    earlier_microusd bigint check (earlier_microusd > 0),                  -- of the session before, as told tonight
    earlier_adjusted_microusd bigint check (earlier_adjusted_microusd > 0),
    doubt varchar check (doubt in ('contradicting rows', 'no volume', 'revised', 'suspected action')),
    restated boolean not null, -- tonight tells the session before another close than the one that was believed
    settled boolean not null   -- a suspected action was explained or confirmed tonight: the close is believed
)
