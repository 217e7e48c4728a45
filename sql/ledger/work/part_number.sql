-- part_number: numbers the parts of lots while a day is worked; never written.
create or replace temp sequence part_number
