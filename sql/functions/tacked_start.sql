-- tacked_start: where a replacement's holding period begins once the sold shares' period is tacked to it.
-- Reads:   its arguments: the reading of 26 U.S.C. 1223(3) in use, and three dates.
create or replace temp macro tacked_start(reading, own_start, sold_start, sale_date) as
    case
        when reading = 'replacement' then own_start
        -- The union counts a day once: shares bought before the sale were held together with those sold.
        when reading = 'union' and own_start <= sale_date then least(own_start, sold_start)
        else own_start - (sale_date - sold_start)::integer
    end
