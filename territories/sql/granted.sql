-- For each right that a user has: the ids of the territories on which they have it, granted to them or to a group of
-- theirs, on the node or above.
-- %(user)s: id.
SELECT p.codename, array_agg(DISTINCT path.below_id)
FROM (
    SELECT g.content_object_id, g.permission_id FROM territories_territoryusergrant g WHERE g.user_id = %(user)s
    UNION
    SELECT g.content_object_id, g.permission_id
    FROM territories_territorygroupgrant g JOIN accounts_user_groups m USING (group_id) WHERE m.user_id = %(user)s
) held
JOIN auth_permission p ON p.id = held.permission_id
JOIN django_content_type t ON t.id = p.content_type_id AND t.app_label = 'territories'
JOIN territories_territorypath path ON path.above_id = held.content_object_id
GROUP BY p.codename
