-- Profit and potential rank, category ABCDE and RFM scores of every client not closed by a day (spec/kpi.md, Ranks),
-- with its place and channel on the day, and what the ranks are made of.
-- %(as_of)s: the day D; %(window_start)s: D minus 12 months, itself outside the window; %(today)s.
WITH
moved AS (
    SELECT DISTINCT ON (client_id) client_id, territory_id, channel_id FROM clients_placement
    WHERE until > least(%(as_of)s, %(today)s) ORDER BY client_id, until
),
open AS (
    SELECT c.id, c.code, c.potential_monthly,
           CASE WHEN m.client_id IS NULL THEN c.territory_id ELSE m.territory_id END AS territory_id,
           CASE WHEN m.client_id IS NULL THEN c.channel_id ELSE m.channel_id END AS channel_id
    FROM clients_client c LEFT JOIN moved m ON m.client_id = c.id
    WHERE c.merged_into_id IS NULL AND (c.closed_on IS NULL OR c.closed_on > %(as_of)s)
),
sold AS (
    SELECT client_id, sum(margin) AS margin, sum(total) AS amount,
           max(date) FILTER (WHERE has_sale) AS last_order,
           count(DISTINCT date) FILTER (WHERE has_sale) AS orders
    FROM sales_invoice WHERE date > %(window_start)s AND date <= %(as_of)s GROUP BY client_id
),
-- Both ranks alike: 1 = A … 5 = E. "Strictly greater" is the running sum less all rows of the same value.
valued AS (
    SELECT o.id, o.channel_id, 'profit' AS kind, s.margin AS value FROM open o JOIN sold s ON s.client_id = o.id
    UNION ALL
    SELECT id, channel_id, 'potential', potential_monthly FROM open WHERE potential_monthly IS NOT NULL
),
summed AS (
    SELECT id, kind, value,
           sum(value) OVER (PARTITION BY kind, channel_id ORDER BY value DESC)
               - value * count(*) OVER (PARTITION BY kind, channel_id, value) AS greater,
           sum(greatest(value, 0)) OVER (PARTITION BY kind, channel_id) AS total
    FROM valued
),
ranked AS (
    SELECT id, kind,
           CASE WHEN value <= 0 THEN 5 WHEN greater < 0.5 * total THEN 1 WHEN greater < 0.8 * total THEN 2
                WHEN greater < 0.95 * total THEN 3 ELSE 4 END AS rank
    FROM summed
),
lettered AS (
    SELECT id, max(rank) FILTER (WHERE kind = 'profit') AS profit, max(rank) FILTER (WHERE kind = 'potential') AS potential
    FROM ranked GROUP BY id
),
scored AS (
    SELECT o.id,
           least(5, 1 + floor(5 * percent_rank() OVER (ORDER BY s.last_order)))::int AS recency,
           least(5, 1 + floor(5 * percent_rank() OVER (ORDER BY s.orders)))::int AS frequency,
           least(5, 1 + floor(5 * percent_rank() OVER (ORDER BY s.amount)))::int AS monetary
    FROM open o JOIN sold s ON s.client_id = o.id WHERE s.orders > 0
)
SELECT o.id, o.code,
       substr('ABCDE', l.profit, 1) AS profit_rank,
       substr('ABCDE', l.potential, 1) AS potential_rank,
       -- round-half-up((2·profit + potential) / 3) in whole numbers
       substr('ABCDE', coalesce((2 * (2 * l.profit + l.potential) + 3) / 6, l.profit, l.potential), 1) AS category,
       f.recency, f.frequency, f.monetary,
       o.territory_id, o.channel_id, s.amount, s.margin, o.potential_monthly AS potential
FROM open o
LEFT JOIN sold s ON s.client_id = o.id
LEFT JOIN lettered l ON l.id = o.id
LEFT JOIN scored f ON f.id = o.id
