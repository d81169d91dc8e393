-- The clients of a move between parts of the base, for chart_clients.sql.
-- %(month)s: its first day; %(before)s, %(after)s: statuses, "" for any.
SELECT f.client_id, f.territory_id, 0::numeric AS value, NULL::numeric AS amount, NULL::numeric AS margin,
       NULL::numeric AS potential, f.before, f.after
FROM kpi_flow f
WHERE f.month = %(month)s AND (%(before)s = '' OR f.before = %(before)s) AND (%(after)s = '' OR f.after = %(after)s)
