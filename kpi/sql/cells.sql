-- Replaces the `touched` of a period's clients by those of `fresh` (client_facts.sql) and brings its cells along by the
-- difference, which is exact: counts are integers and money is numeric.
-- %(period)s: id. In braces: lists of the measures and of what goes with them.
DROP TABLE IF EXISTS gone;
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT c.* FROM kpi_periodclient c JOIN touched USING (client_id) WHERE period_id = %(period)s;
DELETE FROM kpi_periodclient c USING touched t WHERE c.period_id = %(period)s AND c.client_id = t.client_id;
UPDATE fresh f SET debt = g.debt, overdue = g.overdue, due = g.due, due_paid = g.due_paid
FROM gone g JOIN touched t USING (client_id) WHERE f.client_id = g.client_id AND NOT t.owing;
INSERT INTO kpi_periodclient (period_id, client_id, territory_id, channel_id, {measures}, {details})
SELECT %(period)s, client_id, territory_id, channel_id, {measures}, {details} FROM fresh;
INSERT INTO kpi_periodcell AS c (period_id, territory_id, channel_id, {measures})
SELECT %(period)s, territory_id, channel_id, {sums}
FROM (
    SELECT -1 AS sign, territory_id, channel_id, {measures} FROM gone
    UNION ALL
    SELECT 1, territory_id, channel_id, {measures} FROM fresh
) change
GROUP BY territory_id, channel_id
ON CONFLICT (period_id, territory_id, channel_id) DO UPDATE SET {added};
