-- The clients of a cell of a chart of ranks, for chart_clients.sql; of the curve, of a row and all above it.
-- %(day)s; %(chart)s; %(row)s, %(column)s: of the cell. In braces: where a client stands (rank_charts.sql).
SELECT r.client_id, r.territory_id, coalesce(r.margin, 0) AS value, r.amount, r.margin, r.potential,
       NULL AS before, NULL AS after
FROM kpi_rank r CROSS JOIN LATERAL ({charts}) v (chart, "row", "column")
WHERE r.day = %(day)s AND v.chart = %(chart)s
      AND CASE WHEN %(chart)s <> 'pareto' OR %(row)s = 'none' THEN v."row" = %(row)s AND v."column" = %(column)s
               ELSE v."row" <> 'none' AND nullif(v."row", 'none')::int >= nullif(%(row)s, 'none')::int END
