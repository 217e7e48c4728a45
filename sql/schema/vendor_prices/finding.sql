-- finding: what the rules noticed in the vendor's file, and what followed.
-- Grain:   one row per (kind, subject).
create table finding (
    kind varchar not null check (
        kind in (
            'partial file', 'repeated rows', 'unknown symbol', 'missing name', 'contradicting rows', 'no volume',
            'revised beyond belief', 'suspected action', 'dividend without an action', 'action without a factor',
            'factor differs from the action', 'suspicion settled'
        )
    ),
    subject varchar not null, -- a security_id; 'file' for the whole of it
    found varchar not null,
    expected varchar not null,
    effect varchar not null check (effect in ('told', 'left out', 'frozen', 'believed'))
)
