-- Sums of the measures by period and sales channel, of the clients of a node and below.
-- %(territory)s: id; %(periods)s: ids. In braces: the sums of the measures, over `c`.
SELECT c.period_id, coalesce(h.code, '') AS code, h.name, {sums}
FROM territories_territorypath p
JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = ANY (%(periods)s::bigint[])
LEFT JOIN clients_channel h ON h.id = c.channel_id
WHERE p.above_id = %(territory)s
GROUP BY c.period_id, h.code, h.name ORDER BY h.code NULLS LAST
