-- A page of moves (in braces: moves.sql), the longest first, with the margin of the 12 months before each day.
-- %(was)s, %(becomes)s: a letter, "" for none, NULL for any; %(direction)s: up, down, in, out or NULL;
-- %(before_start)s, %(now_start)s: the first days before the windows; %(limit)s, %(offset)s; and those of moves.sql.
SELECT p.code, p.name, t.name, coalesce(h.name, ''), p.was, p.becomes, p.was_profit, p.profit, p.was_potential, p.potential,
       p.was_rfm, p.rfm, s.was_margin, s.margin, p.potential_monthly, coalesce(o.category, '')
FROM (
    SELECT * FROM ({moves}) m
    WHERE (%(was)s::text IS NULL OR was = %(was)s::text) AND (%(becomes)s::text IS NULL OR becomes = %(becomes)s::text)
      AND CASE %(direction)s::text WHEN 'up' THEN steps > 0 WHEN 'down' THEN steps < 0 WHEN 'in' THEN was = ''
          WHEN 'out' THEN becomes = '' ELSE true END
    ORDER BY abs(steps) DESC NULLS LAST, potential_monthly DESC NULLS LAST, code LIMIT %(limit)s OFFSET %(offset)s
) p
JOIN territories_territory t ON t.id = p.territory_id
LEFT JOIN clients_channel h ON h.id = p.channel_id
LEFT JOIN overrides_categoryoverride o ON o.client_id = p.id
CROSS JOIN LATERAL (
    SELECT sum(margin) FILTER (WHERE date > %(before_start)s AND date <= %(before)s) AS was_margin,
           sum(margin) FILTER (WHERE date > %(now_start)s AND date <= %(now)s) AS margin
    FROM sales_invoice WHERE client_id = p.id AND date > %(before_start)s AND date <= %(now)s
) s
ORDER BY abs(p.steps) DESC NULLS LAST, p.potential_monthly DESC NULLS LAST, p.code
