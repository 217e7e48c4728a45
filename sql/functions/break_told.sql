-- break_told: a break in words: its kind, both numbers, the difference and its unit, and what explains it.
-- Reads:   its arguments, the columns of recon_break.
create or replace temp macro break_told(kind, security_id, book_micro, custodian_micro, explanation) as
    replace(kind, '_', ' ') || coalesce(' ' || security_id, '')
    || ': book ' || (book_micro * 0.000001)::decimal(24, 6)
    || ', custodian ' || (custodian_micro * 0.000001)::decimal(24, 6)
    || ', difference ' || ((custodian_micro - book_micro) * 0.000001)::decimal(24, 6)
    || case when security_id is null then ' usd' else ' shares' end
    || case when explanation = '' then '' else ' (' || explanation || ')' end
