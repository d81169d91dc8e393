-- The clients of a node and below that count in a measure, largest value first, after the one last seen.
-- %(period)s, %(territory)s: ids; %(channel)s, %(category)s: code or NULL for all; %(day)s: of the ranks;
-- %(value)s, %(code)s: of the last one seen, or NULL; %(limit)s. In braces: the measure, and all of them.
SELECT k.code, k.name, t.name, coalesce(h.name, ''), {measures}
FROM kpi_periodclient c
JOIN territories_territorypath p ON p.below_id = c.territory_id AND p.above_id = %(territory)s
JOIN clients_client k ON k.id = c.client_id
JOIN territories_territory t ON t.id = c.territory_id
LEFT JOIN clients_channel h ON h.id = c.channel_id
WHERE c.period_id = %(period)s AND c.{measure} <> 0
      AND (%(channel)s::text IS NULL OR coalesce(h.code, '') = %(channel)s::text)
      AND (%(category)s::text IS NULL OR coalesce(
          (SELECT r.category FROM kpi_rank r WHERE r.client_id = c.client_id AND r.day = %(day)s), '') = %(category)s::text)
      AND (%(value)s::numeric IS NULL OR c.{measure} < %(value)s::numeric
           OR (c.{measure} = %(value)s::numeric AND k.code > %(code)s::text))
ORDER BY c.{measure} DESC, k.code
LIMIT %(limit)s
