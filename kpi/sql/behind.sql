-- The clients of a node and below that a number counts, or leaves out, in the order of a value, after the last one seen.
-- %(period)s, %(territory)s: ids; %(channel)s, %(category)s: code or NULL for all; %(manager)s: username or NULL; %(day)s: of the ranks;
-- %(seen)s: ids of the territories whose clients may be shown, NULL for all; %(value_after)s, %(code_after)s: of the
-- last one seen, or NULL; %(limit)s. In braces, over `c`: whom; the value; the columns of a client's part; and whether
-- those are looked for that may be shown, or those that were here in the period and are elsewhere now, where they may not.
WITH hidden AS MATERIALIZED (
    -- Where a client is now differs from its part's territory only by a move since it was reckoned, or since d0.
    SELECT DISTINCT m.client_id
    FROM clients_placement m JOIN clients_client k ON k.id = m.client_id JOIN kpi_period d ON d.id = %(period)s
    WHERE %(seen)s::bigint[] IS NOT NULL AND m.until >= least(d.d0, d.computed_at::date)
          AND k.territory_id <> ALL (%(seen)s::bigint[])
),
shown AS (
    SELECT c.client_id, {order} AS value
    FROM kpi_periodclient c
    WHERE c.period_id = %(period)s AND ({whom})
          AND c.territory_id IN (SELECT below_id FROM territories_territorypath WHERE above_id = %(territory)s)
          AND coalesce(c.territory_id = ANY (%(seen)s::bigint[]), true)
          AND c.client_id {hidden} (SELECT client_id FROM hidden)
          AND (%(channel)s::text IS NULL
               OR coalesce((SELECT code FROM clients_channel h WHERE h.id = c.channel_id), '') = %(channel)s::text)
          AND (%(category)s::text IS NULL OR coalesce(
              (SELECT r.category FROM kpi_rank r WHERE r.client_id = c.client_id AND r.day = %(day)s), '') = %(category)s::text)
          AND (%(manager)s::text IS NULL OR c.territory_id IN (
              SELECT p.below_id FROM accounts_user u JOIN territories_territoryusergrant g ON g.user_id = u.id
              JOIN territories_territorypath p ON p.above_id = g.content_object_id
              WHERE u.username = %(manager)s::text))
          AND (%(value_after)s::numeric IS NULL OR {order} > %(value_after)s::numeric
               OR ({order} = %(value_after)s::numeric
                   AND c.client_id > (SELECT id FROM clients_client WHERE code = %(code_after)s::text)))
    ORDER BY value, c.client_id
    LIMIT %(limit)s
)
SELECT c.client_id, k.code, k.name, t.name, coalesce(h.name, ''), k.is_target, k.opened_on, k.closed_on, s.value, {columns}
FROM shown s
JOIN kpi_periodclient c ON c.period_id = %(period)s AND c.client_id = s.client_id
JOIN clients_client k ON k.id = c.client_id
JOIN territories_territory t ON t.id = c.territory_id
LEFT JOIN clients_channel h ON h.id = c.channel_id
ORDER BY s.value, c.client_id
