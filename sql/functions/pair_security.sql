-- pair_security: the security of the pair that an event belongs to; cash events have a pair of their own, ''.
-- Reads:   its arguments: the event's kind and security.
create or replace temp macro pair_security(kind, security_id) as
    case
        when kind in ('deposit', 'withdrawal', 'dividend', 'fee', 'cancel') then ''
        else coalesce(security_id, '')
    end
