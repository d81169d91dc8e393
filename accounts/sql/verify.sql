-- The broken seals of the history, the first one first: all is hashed again. No row: the chain holds.
-- Columns: seal, problem (missing_seal, seal, missing, added, changed, backdated), first and last id of its events,
-- and the days between which they were written.
WITH chain AS (
    SELECT s AS seal, s.*,
           coalesce(lag(id) OVER w, 0) AS id_before,
           coalesce(lag(last_id) OVER w, -9223372036854775808) AS after_id,
           coalesce(lag(hash) OVER w, '') AS hash_before,
           -- Events were given their ids after the batches of earlier horizons were closed.
           max(closed_at) OVER (ORDER BY closed_at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS not_before
    FROM history_seal s WINDOW w AS (ORDER BY id)
), checked AS (
    SELECT CASE WHEN c.id <> c.id_before + 1 THEN c.id_before + 1 ELSE c.id END AS id,
           c.after_id + 1 AS first_id, c.last_id, c.not_before, c.closed_at,
           CASE WHEN c.id <> c.id_before + 1 THEN 'missing_seal'
                WHEN c.hash IS DISTINCT FROM history_seal_hash(c.seal, c.hash_before) THEN 'seal'
                WHEN e.count < c.events THEN 'missing'
                WHEN e.count > c.events THEN 'added'
                WHEN e.hash <> c.events_hash THEN 'changed'
                WHEN e.oldest < c.not_before - interval '5 minutes' THEN 'backdated'  -- clocks are set back a little
           END AS problem
    FROM chain c CROSS JOIN LATERAL (
        SELECT count(*), min(h.at) AS oldest, sha256(coalesce(string_agg(history_event_hash(h), '' ORDER BY h.id), '')) AS hash
        FROM history_event h WHERE h.id > c.after_id AND h.id <= c.last_id
    ) e
)
SELECT id, problem, first_id, last_id, not_before, closed_at FROM checked WHERE problem IS NOT NULL
UNION ALL
SELECT n, 'missing_seal', NULL, NULL, NULL, NULL
FROM history_horizon, generate_series((SELECT coalesce(max(id), 0) + 1 FROM history_seal), seals) n
ORDER BY id
