-- Replaces the moves of a month by those of the temporary table `standing` (client_id, day, status), and brings the
-- cells along by the difference. Merged clients are in no part.
-- %(month)s: its first day; %(before)s, %(after)s: the days compared; the territory is that in force on the latter.
-- In braces: nothing for all clients, or the condition that keeps to those of the temporary table `touched`.
DROP TABLE IF EXISTS gone;
CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT * FROM kpi_flow WHERE month = %(month)s {only};
DELETE FROM kpi_flow WHERE month = %(month)s {only};
INSERT INTO kpi_flow (month, client_id, territory_id, before, after)
SELECT %(month)s, c.id, CASE WHEN m.client_id IS NULL THEN c.territory_id ELSE m.territory_id END, b.status, a.status
FROM standing b
JOIN standing a ON a.client_id = b.client_id AND a.day = %(after)s
JOIN clients_client c ON c.id = b.client_id AND c.merged_into_id IS NULL
LEFT JOIN (
    SELECT DISTINCT ON (client_id) client_id, territory_id FROM clients_placement
    WHERE until > %(after)s {only} ORDER BY client_id, until
) m ON m.client_id = c.id
WHERE b.day = %(before)s;
INSERT INTO kpi_flowcell AS c (month, territory_id, before, after, clients)
SELECT %(month)s, territory_id, before, after, sum(sign)
FROM (
    SELECT -1 AS sign, territory_id, before, after FROM gone
    UNION ALL
    SELECT 1, territory_id, before, after FROM kpi_flow WHERE month = %(month)s {only}
) change
GROUP BY territory_id, before, after
ON CONFLICT (month, territory_id, before, after) DO UPDATE SET clients = c.clients + excluded.clients;
