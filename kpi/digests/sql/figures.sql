-- Sums of the measures and the route cost of some nodes and all below them in some periods, one row a node and period.
-- %(nodes)s, %(periods)s: ids. In braces: the sums of the measures, over `c`.
SELECT n.id, d.id, {sums},
       (SELECT coalesce(sum(r.salary + r.amortization + r.fuel), 0)
        FROM territories_territorypath p JOIN territories_routecost r ON r.territory_id = p.below_id
        WHERE p.above_id = n.id AND r.month BETWEEN d.d0 AND d.d1)
FROM unnest(%(nodes)s::bigint[]) AS n (id)
JOIN kpi_period d ON d.id = ANY (%(periods)s::bigint[])
LEFT JOIN territories_territorypath p ON p.above_id = n.id
LEFT JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = d.id
GROUP BY n.id, d.id
