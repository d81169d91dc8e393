-- Where a client `r` of kpi_rank stands in each chart of ranks: "row" and "column"; no row where it is in none.
-- Of the curve by margin a row is a twentieth of a decade: clients above it are counted whole, so its points are exact.
VALUES ('abcde', coalesce(r.category, ''), coalesce(r.channel_id::text, '')),
       ('ranks', coalesce(r.profit_rank, ''), coalesce(r.potential_rank, '')),
       ('rfm', r.frequency::text, r.recency::text),
       ('pareto', CASE WHEN r.margin > 0 THEN floor(20 * log(r.margin::float8))::text
                       WHEN r.margin <= 0 THEN 'none' END, '')
