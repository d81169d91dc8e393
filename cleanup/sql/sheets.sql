-- The sheets of some clients of a campaign, with findings, proposals and score; those that are there stay.
-- %(campaign)s; %(ids)s: clients; %(territories)s, %(people)s: who is asked where, side by side; %(today)s;
-- %(since)s: today minus 12 months, itself outside; %(likeness)s: by how much another channel's mix must be liker;
-- %(orders)s: the least number of days with an order for a channel to be proposed.
WITH who AS (
    SELECT * FROM unnest(%(territories)s::bigint[], %(people)s::bigint[]) w(territory_id, person)
),
quality AS (SELECT * FROM cleanup_quality(%(ids)s, %(today)s)),
sold AS (
    SELECT client_id, sum(margin) AS margin, sum(total) AS amount,
           count(DISTINCT date) FILTER (WHERE has_sale) AS orders
    FROM sales_invoice WHERE client_id = ANY (%(ids)s) AND date > %(since)s AND date <= %(today)s GROUP BY client_id
),
bought AS (
    SELECT i.client_id, p.category, sum(l.amount) AS amount
    FROM sales_invoice i JOIN sales_line l ON l.invoice_id = i.id JOIN sales_product p ON p.id = l.product_id
    WHERE i.client_id = ANY (%(ids)s) AND i.date > %(since)s AND i.date <= %(today)s AND l.quantity > 0
    GROUP BY i.client_id, p.category
),
mix AS (
    SELECT client_id, category, amount / nullif(sqrt(sum(amount * amount) OVER (PARTITION BY client_id)), 0) AS share
    FROM bought
),
alike AS (
    SELECT m.client_id, c.channel_id, sum(m.share * c.share) AS likeness
    FROM mix m JOIN cleanup_channelmix c ON c.category = m.category GROUP BY m.client_id, c.channel_id
),
likest AS (
    SELECT DISTINCT ON (client_id) client_id, channel_id, likeness FROM alike
    ORDER BY client_id, likeness DESC, channel_id
),
doubles AS (
    SELECT client_id, jsonb_agg(jsonb_build_object('client', other, 'code', code, 'name', name, 'score', score)
                                ORDER BY score DESC, other) AS list
    FROM (
        SELECT d.*, c.code, c.name, row_number() OVER (PARTITION BY d.client_id ORDER BY d.score DESC, d.other) AS n
        FROM (
            SELECT one_id AS client_id, other_id AS other, score FROM duplicates_pair WHERE one_id = ANY (%(ids)s)
            UNION ALL
            SELECT other_id, one_id, score FROM duplicates_pair WHERE other_id = ANY (%(ids)s)
        ) d JOIN clients_client c ON c.id = d.other AND c.merged_into_id IS NULL
    ) numbered WHERE n <= 5 GROUP BY client_id
),
found AS (
    SELECT c.id, c.territory_id, c.version, c.channel_id, c.category, q.*, w.person, d.list AS doubles,
           s.margin, s.amount, coalesce(s.orders, 0) AS orders, r.profit_rank, r.potential_rank,
           coalesce(r.category, '') AS proposed_category, h.clients AS sharing, c.last_order_on,
           coalesce(s.orders, 0) = 0 AND (c.opened_on IS NULL OR c.opened_on <= %(since)s) AS unsold,
           l.channel_id AS like_channel, l.likeness, o.likeness AS own_likeness
    FROM clients_client c
    JOIN quality q ON q.client_id = c.id
    LEFT JOIN who w ON w.territory_id = c.territory_id
    LEFT JOIN sold s ON s.client_id = c.id
    LEFT JOIN doubles d ON d.client_id = c.id
    LEFT JOIN kpi_rank r ON r.client_id = c.id AND r.day = %(today)s
    LEFT JOIN cleanup_sharedphone h ON h.phone = cleanup_phone(c.phone)
    LEFT JOIN likest l ON l.client_id = c.id
    LEFT JOIN alike o ON o.client_id = c.id AND o.channel_id = c.channel_id
),
proposed AS (
    SELECT f.*, orders >= %(orders)s AND like_channel IS DISTINCT FROM channel_id
                AND likeness - coalesce(own_likeness, 0) >= %(likeness)s AS moves
    FROM found f
)
INSERT INTO cleanup_sheet (
    campaign_id, client_id, territory_id, rep_id, client_version, findings, details, proposed_channel_id,
    proposed_category, reasons, channel_before_id, category_before, score_before, score_now, conflicts
)
SELECT %(campaign)s, id, territory_id, person, version,
       array_remove(ARRAY[
           CASE WHEN missing <> '{}' THEN 'missing' END, CASE WHEN invalid <> '{}' THEN 'invalid' END,
           CASE WHEN doubles IS NOT NULL THEN 'duplicates' END, CASE WHEN unsold THEN 'no_sales' END,
           CASE WHEN far_km > far_limit THEN 'far' END, CASE WHEN sharing IS NOT NULL THEN 'shared_phone' END,
           CASE WHEN contract IS NOT NULL THEN 'contract' END
       ], NULL),
       jsonb_strip_nulls(jsonb_build_object(
           'missing', CASE WHEN missing <> '{}' THEN to_jsonb(missing) END,
           'invalid', CASE WHEN invalid <> '{}' THEN to_jsonb(invalid) END,
           'duplicates', doubles, 'no_sales', CASE WHEN unsold THEN coalesce(to_jsonb(last_order_on), '""') END,
           'far', CASE WHEN far_km > far_limit
                       THEN jsonb_build_object('km', round(far_km::numeric, 1), 'limit', round(far_limit::numeric, 1)) END,
           'shared_phone', sharing,
           'contract', CASE WHEN contract IS NOT NULL THEN jsonb_build_object('number', contract, 'until', contract_until) END
       )),
       CASE WHEN moves THEN like_channel END, proposed_category,
       jsonb_strip_nulls(jsonb_build_object(
           'channel', CASE WHEN moves THEN jsonb_build_object(
               'likeness', round(100 * likeness), 'own', round(100 * own_likeness), 'orders', orders) END,
           'category', CASE WHEN proposed_category <> '' THEN jsonb_build_object(
               'profit', profit_rank, 'potential', potential_rank, 'margin', margin, 'amount', amount, 'orders', orders) END
       )),
       channel_id, category, score, score, '{}'
FROM proposed
ON CONFLICT (campaign_id, client_id) DO NOTHING
