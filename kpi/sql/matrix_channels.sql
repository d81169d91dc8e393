-- Sums of the measures by sales channel, of the clients of a node and below.
-- %(territory)s, %(period)s: ids. In braces: the sums of the measures, over `c`.
SELECT coalesce(h.code, '') AS code, h.name, {sums}
FROM territories_territorypath p
JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = %(period)s
LEFT JOIN clients_channel h ON h.id = c.channel_id
WHERE p.above_id = %(territory)s
GROUP BY h.code, h.name ORDER BY h.code NULLS LAST
