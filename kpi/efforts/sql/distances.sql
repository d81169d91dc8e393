-- Each open client of the base of a period beside the norm of its channel and category, both as they are today.
-- %(period)s: id of a stored period; %(places)s: ids of territories, or %(client)s: id of one client, else NULL;
-- %(since)s, %(until)s: the moments between which calls count; %(months)s: the months of the period so far.
-- What is missing or too much is in whole contacts of the period: a norm of 1.5 is met by 1 and by 2.
WITH here AS (
    SELECT c.id, c.code, c.name, c.territory_id, c.channel_id, c.category, p.visit_plan, p.visits_made
    FROM clients_client c JOIN kpi_periodclient p ON p.client_id = c.id AND p.period_id = %(period)s AND p.okb = 1
    WHERE c.merged_into_id IS NULL AND c.status <> 'closed'
      AND CASE WHEN %(client)s::bigint IS NULL THEN c.territory_id = ANY(%(places)s) ELSE c.id = %(client)s::bigint END
),
called AS (
    SELECT i.client_id, count(*) AS calls FROM clients_interaction i JOIN here h ON h.id = i.client_id
    WHERE i.kind = 'call' AND i.at >= %(since)s AND i.at < %(until)s GROUP BY i.client_id
)
SELECT h.id, h.code, h.name, h.territory_id, h.channel_id, h.category, h.visit_plan AS planned, h.visits_made AS made,
       coalesce(k.calls, 0) AS calls, r.visits AS norm_visits, r.calls AS norm_calls,
       r.id IS NOT NULL AND (r.visits IS NOT NULL OR r.calls IS NOT NULL) AS has_norm,
       coalesce(greatest(floor(r.visits * %(months)s) - h.visits_made, 0), 0)
           + coalesce(greatest(floor(r.calls * %(months)s) - coalesce(k.calls, 0), 0), 0) AS missing,
       coalesce(greatest(h.visits_made - ceil(r.visits * %(months)s), 0), 0)
           + coalesce(greatest(coalesce(k.calls, 0) - ceil(r.calls * %(months)s), 0), 0) AS extra
FROM here h
LEFT JOIN called k ON k.client_id = h.id
LEFT JOIN efforts_effortrule r ON r.channel_id = h.channel_id AND r.category = h.category
