-- Sums of the measures and the route cost of a node and all below it, one row a period.
-- %(node)s: id; %(periods)s: ids. In braces: the sums of the measures, over `c`.
SELECT d.id, {sums},
       (SELECT coalesce(sum(r.salary + r.amortization + r.fuel), 0)
        FROM territories_territorypath p JOIN territories_routecost r ON r.territory_id = p.below_id
        WHERE p.above_id = %(node)s AND r.month BETWEEN d.d0 AND d.d1)
FROM kpi_period d
LEFT JOIN territories_territorypath p ON p.above_id = %(node)s
LEFT JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = d.id
WHERE d.id = ANY (%(periods)s::bigint[])
GROUP BY d.id
