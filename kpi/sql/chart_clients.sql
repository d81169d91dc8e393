-- The clients of a cell of a chart in a node and below, by a value from the largest on, after the last one seen.
-- %(territory)s: id; %(day)s: as of which the cell is; %(seen)s: ids of the territories whose clients may be shown,
-- NULL for all; %(value_after)s, %(code_after)s: of the last one seen, or NULL; %(limit)s. In braces: the cell, a
-- SELECT of client_id, territory_id, value and the figures below; and whether those are looked for that may be
-- shown, or those that were here on the day and are elsewhere now, where they may not.
WITH hidden AS MATERIALIZED (
    SELECT DISTINCT m.client_id
    FROM clients_placement m JOIN clients_client k ON k.id = m.client_id
    WHERE %(seen)s::bigint[] IS NOT NULL AND m.until >= %(day)s AND k.territory_id <> ALL (%(seen)s::bigint[])
),
shown AS (
    SELECT c.*
    FROM ({cell}) c
    WHERE c.territory_id IN (SELECT below_id FROM territories_territorypath WHERE above_id = %(territory)s)
          AND coalesce(c.territory_id = ANY (%(seen)s::bigint[]), true)
          AND c.client_id {hidden} (SELECT client_id FROM hidden)
          AND (%(value_after)s::numeric IS NULL OR c.value < %(value_after)s::numeric
               OR (c.value = %(value_after)s::numeric
                   AND c.client_id > (SELECT id FROM clients_client WHERE code = %(code_after)s::text)))
    ORDER BY c.value DESC, c.client_id
    LIMIT %(limit)s
)
SELECT k.code, k.name, t.name, s.value, s.amount, s.margin, s.potential, k.last_order_on, s.before, s.after
FROM shown s
JOIN clients_client k ON k.id = s.client_id
JOIN territories_territory t ON t.id = s.territory_id
ORDER BY s.value DESC, s.client_id
