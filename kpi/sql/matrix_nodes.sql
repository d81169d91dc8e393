-- Sums of the measures and the route cost of some nodes and all below them, one row a node.
-- %(nodes)s: ids; %(period)s: id; %(d0)s, %(d1)s: its days. In braces: the sums of the measures, over `c`.
SELECT n.id, {sums},
       (SELECT coalesce(sum(r.salary + r.amortization + r.fuel), 0)
        FROM territories_territorypath p JOIN territories_routecost r ON r.territory_id = p.below_id
        WHERE p.above_id = n.id AND r.month BETWEEN %(d0)s AND %(d1)s)
FROM unnest(%(nodes)s::bigint[]) AS n (id)
LEFT JOIN territories_territorypath p ON p.above_id = n.id
LEFT JOIN kpi_periodcell c ON c.territory_id = p.below_id AND c.period_id = %(period)s
GROUP BY n.id
