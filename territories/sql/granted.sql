-- For each user and right they have: the ids of the territories on which they have it, granted to them or to a group
-- of theirs, on the node or above.
-- %(users)s: ids.
SELECT held.user_id, p.codename, array_agg(DISTINCT path.below_id)
FROM (
    SELECT g.user_id, g.content_object_id, g.permission_id FROM territories_territoryusergrant g
    WHERE g.user_id = ANY (%(users)s)
    UNION
    SELECT m.user_id, g.content_object_id, g.permission_id
    FROM territories_territorygroupgrant g JOIN accounts_user_groups m USING (group_id) WHERE m.user_id = ANY (%(users)s)
) held
JOIN auth_permission p ON p.id = held.permission_id
JOIN django_content_type t ON t.id = p.content_type_id AND t.app_label = 'territories'
JOIN territories_territorypath path ON path.above_id = held.content_object_id
GROUP BY 1, 2
