-- switch_reason: how a switch is told, in the reasons of an account and of a frozen name.
-- Reads:   its arguments, the columns of a switch.
create or replace temp macro switch_reason(scope, target, ruling_id, reason) as
    'the ' || rtrim(scope || ' ' || target) || ' is frozen by ' || ruling_id || ': ' || reason
