-- Who is asked about the clients of each territory: of the active people with a role to whom it, or else the nearest
-- node above, is granted, in person or by a group, the first by name. %(role)s: the role.
WITH grants AS (
    SELECT g.content_object_id AS territory_id, g.user_id, g.permission_id FROM territories_territoryusergrant g
    UNION
    SELECT g.content_object_id, m.user_id, g.permission_id
    FROM territories_territorygroupgrant g JOIN accounts_user_groups m ON m.group_id = g.group_id
)
SELECT DISTINCT ON (p.below_id) p.below_id, u.id
FROM grants g
JOIN auth_permission r ON r.id = g.permission_id AND r.codename = 'view'
JOIN accounts_user u ON u.id = g.user_id AND u.is_active AND u.role = %(role)s
JOIN territories_territorypath p ON p.above_id = g.territory_id
ORDER BY p.below_id, p.depth, u.full_name, u.id
