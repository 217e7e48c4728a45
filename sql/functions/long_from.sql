-- long_from: the first day on which a sale is long-term: the day after the holding start, plus one year.
-- Reads:   its argument, a date. A year after 29 February is 1 March (26 U.S.C. 1222; Rev. Rul. 66-97).
create or replace temp macro long_from(holding_start) as
    case
        when month(holding_start + 1) = 2 and day(holding_start + 1) = 29
            then make_date(year(holding_start + 1) + 1, 3, 1)
        else (holding_start + 1 + interval 1 year)::date
    end
