-- Sums of the measures and the route cost by period and sales representative: of the territories granted to each, as far as they
-- are a node or below it. %(territory)s: id; %(periods)s: ids. In braces: the sums, over `c`.
WITH held AS (
    SELECT DISTINCT u.id, u.username, u.full_name, p.below_id
    FROM accounts_user u
    JOIN territories_territoryusergrant g ON g.user_id = u.id
    JOIN auth_permission r ON r.id = g.permission_id AND r.codename = 'view'
    JOIN territories_territorypath p ON p.above_id = g.content_object_id
    JOIN territories_territorypath w ON w.below_id = p.below_id AND w.above_id = %(territory)s
    WHERE u.role = 'rep' AND u.is_active
)
SELECT d.id, h.username, h.full_name, {sums},
       (SELECT coalesce(sum(r.salary + r.amortization + r.fuel), 0)
        FROM territories_routecost r
        WHERE r.territory_id IN (SELECT below_id FROM held o WHERE o.id = h.id) AND r.month BETWEEN d.d0 AND d.d1)
FROM held h
JOIN kpi_period d ON d.id = ANY (%(periods)s::bigint[])
LEFT JOIN kpi_periodcell c ON c.territory_id = h.below_id AND c.period_id = d.id
GROUP BY d.id, h.id, h.username, h.full_name ORDER BY h.full_name, h.username
