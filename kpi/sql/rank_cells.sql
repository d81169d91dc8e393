-- Sums up the ranks of a day by territory and the axes of each chart, for kpi_rankcell.
-- %(day)s. In braces: where a client stands (rank_charts.sql).
INSERT INTO kpi_rankcell (day, chart, territory_id, "row", "column", clients, amount, margin, potential)
SELECT %(day)s, v.chart, r.territory_id, v."row", v."column", count(*), coalesce(sum(r.amount), 0),
       coalesce(sum(r.margin), 0), coalesce(sum(r.potential), 0)
FROM kpi_rank r CROSS JOIN LATERAL ({charts}) v (chart, "row", "column")
WHERE r.day = %(day)s AND v."row" IS NOT NULL
GROUP BY v.chart, r.territory_id, v."row", v."column"
