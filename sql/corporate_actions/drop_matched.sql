-- drop_matched: what the feed told of actions whose terms the operator states; apply_terms puts both together.
-- Grain:   rows of reported_action.
-- Reads:   matched_term.
-- Binds:   nothing.
-- Order:   none needed.
delete from reported_action
where action_id in (select action_id from matched_term where booked_on is null)
