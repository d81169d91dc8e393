-- The clients of a cell of a chart of ranks, for chart_clients.sql; of the curve, of a row and all above it.
-- %(day)s; %(chart)s; %(row)s, %(column)s: of the cell; %(least)s: of the curve the lowest row, NULL for a cell. In braces: where a client stands (rank_charts.sql).
SELECT r.client_id, r.territory_id, coalesce(r.margin, 0) AS value, r.amount, r.margin, r.potential,
       NULL AS before, NULL AS after
FROM kpi_rank r CROSS JOIN LATERAL ({charts}) v (chart, "row", "column")
WHERE r.day = %(day)s AND v.chart = %(chart)s
      AND CASE WHEN %(least)s::int IS NULL THEN v."row" = %(row)s AND v."column" = %(column)s
               ELSE nullif(v."row", 'none')::int >= %(least)s::int END
