-- Sums of the measures by period and category ABCDE as ranked on its last day, of the clients of a node and below.
-- %(territory)s: id; %(periods)s: ids, %(days)s: the days of the ranks of each. In braces: the sums, over `c`.
SELECT c.period_id, coalesce(r.category, '') AS code, r.category AS name, {sums}
FROM territories_territorypath p
JOIN kpi_periodclient c ON c.territory_id = p.below_id AND c.period_id = ANY (%(periods)s::bigint[])
JOIN unnest(%(periods)s::bigint[], %(days)s::date[]) AS d (period, day) ON d.period = c.period_id
LEFT JOIN kpi_rank r ON r.client_id = c.client_id AND r.day = d.day AND r.day = ANY (%(days)s::date[])
WHERE p.above_id = %(territory)s
GROUP BY c.period_id, r.category ORDER BY r.category NULLS LAST
