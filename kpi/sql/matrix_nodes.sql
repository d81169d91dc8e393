-- Sums of the measures and the route cost of some nodes in some periods, one row a node and period.
-- %(nodes)s: ids; %(whole)s: of each, whether what lies below it counts too; %(periods)s: ids.
-- In braces: the sums of the measures, over `c`.
SELECT d.id AS period, n.id, {sums},
       (SELECT coalesce(sum(r.salary + r.amortization + r.fuel), 0)
        FROM territories_territorypath p JOIN territories_routecost r ON r.territory_id = p.below_id
        WHERE p.above_id = n.id AND (n.whole OR p.depth = 0) AND r.month BETWEEN d.d0 AND d.d1)
FROM unnest(%(nodes)s::bigint[], %(whole)s::boolean[]) AS n (id, whole)
JOIN kpi_period d ON d.id = ANY (%(periods)s::bigint[])
LEFT JOIN territories_territorypath p ON p.above_id = n.id AND (n.whole OR p.depth = 0)
LEFT JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = d.id
GROUP BY d.id, n.id, n.whole
