-- How far the sheets of a campaign are, per territory (as prepared) and person; all add up, but `last`.
-- %(campaign)s; %(territories)s: ids, null for all; %(since)s, %(until)s: the days whose answers make the pace.
SELECT territory_id, rep_id, count(*) AS total,
       count(*) FILTER (WHERE state NOT IN ('waiting', 'returned')) AS answered,
       count(*) FILTER (WHERE state IN ('approved', 'applied')) AS approved,
       count(*) FILTER (WHERE state = 'answered') AS to_decide,
       count(*) FILTER (WHERE state = 'conflict') AS conflicts,
       count(*) FILTER (WHERE state = 'returned') AS returned,
       count(*) FILTER (WHERE answered_at::date BETWEEN %(since)s AND %(until)s AND state <> 'returned') AS recent,
       sum(score_before) AS before, sum(score_now) AS now, max(answered_at) AS last
FROM cleanup_sheet
WHERE campaign_id = %(campaign)s AND (%(territories)s::bigint[] IS NULL OR territory_id = ANY (%(territories)s))
GROUP BY territory_id, rep_id
