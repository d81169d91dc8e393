-- Moves (in braces: moves_some.sql or moves_both.sql), the longest first, with the margin of the 12 months before each
-- day. %(before_start)s, %(now_start)s: the first days before the windows; and those of the statement in braces.
SELECT p.code, p.name, t.name, coalesce(h.name, ''), p.was, p.becomes, p.was_profit, p.profit, p.was_potential, p.potential,
       p.was_rfm, p.rfm, s.was_margin, s.margin, p.potential_monthly, coalesce(o.category, ''), p.total
FROM ({page}) p
JOIN territories_territory t ON t.id = p.territory_id
LEFT JOIN clients_channel h ON h.id = p.channel_id
LEFT JOIN overrides_categoryoverride o ON o.client_id = p.id
CROSS JOIN LATERAL (
    SELECT sum(margin) FILTER (WHERE date > %(before_start)s AND date <= %(before)s) AS was_margin,
           sum(margin) FILTER (WHERE date > %(now_start)s AND date <= %(now)s) AS margin
    FROM sales_invoice WHERE client_id = p.id AND date > %(before_start)s AND date <= %(now)s
) s
ORDER BY abs(p.steps) DESC NULLS LAST, p.potential_monthly DESC NULLS LAST, p.code
