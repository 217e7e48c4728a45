-- frozen_security: names with an action that is not booked; of several, the one known longest is named.
-- Grain:   one row per security_id.
-- Reads:   known_action.
-- Binds:   nothing.
-- Order:   security_id.
insert into frozen_security
select
    security_id,
    first_seen as since,
    action_id,
    'corporate action not understood: ' || why_not as reason
from known_action
where booked_on is null
qualify row_number() over (partition by security_id order by first_seen, action_id) = 1
order by security_id
