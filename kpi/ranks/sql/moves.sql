-- Whose category by the rules differs between two days, among the clients of some territories (spec/kpi.md, Ranks).
-- %(before)s, %(now)s: days whose ranks are stored in kpi_rank; %(places)s: ids of territories. `steps`: letters up.
SELECT c.id, c.code, c.name, c.territory_id, c.channel_id, c.potential_monthly,
       m.was, m.becomes, m.was_profit, m.profit, m.was_potential, m.potential, m.was_rfm, m.rfm,
       CASE WHEN m.was <> '' AND m.becomes <> '' THEN ascii(m.was) - ascii(m.becomes) END AS steps
FROM (
    SELECT coalesce(n.client_id, b.client_id) AS client_id,
           coalesce(b.category, '') AS was, coalesce(n.category, '') AS becomes,
           coalesce(b.profit_rank, '') AS was_profit, coalesce(n.profit_rank, '') AS profit,
           coalesce(b.potential_rank, '') AS was_potential, coalesce(n.potential_rank, '') AS potential,
           coalesce(b.recency || '-' || b.frequency || '-' || b.monetary, '') AS was_rfm,
           coalesce(n.recency || '-' || n.frequency || '-' || n.monetary, '') AS rfm
    FROM (SELECT * FROM kpi_rank WHERE day = %(before)s) b
    FULL JOIN (SELECT * FROM kpi_rank WHERE day = %(now)s) n ON n.client_id = b.client_id
    WHERE b.category IS DISTINCT FROM n.category
) m
JOIN clients_client c ON c.id = m.client_id
WHERE c.merged_into_id IS NULL AND c.territory_id = ANY(%(places)s)
