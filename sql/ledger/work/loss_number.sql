-- loss_number: numbers the open losses while a day is worked; never written.
create or replace temp sequence loss_number
