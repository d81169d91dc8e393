-- Sums of the measures by category ABCDE as ranked on a day, of the clients of a node and below.
-- %(territory)s, %(period)s: ids; %(day)s. In braces: the sums of the measures, over `c`.
SELECT coalesce(r.category, '') AS code, r.category AS name, {sums}
FROM territories_territorypath p
JOIN kpi_periodclient c ON c.territory_id = p.below_id AND c.period_id = %(period)s
LEFT JOIN kpi_rank r ON r.client_id = c.client_id AND r.day = %(day)s
WHERE p.above_id = %(territory)s
GROUP BY r.category ORDER BY r.category NULLS LAST
