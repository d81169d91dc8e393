-- What each channel buys, by category of product, as a vector of length 1; of channels with 20 clients that bought.
-- %(since)s, %(today)s: the days of the sales, the first one outside.
WITH sold AS (
    SELECT c.channel_id, p.category, sum(l.amount) AS amount
    FROM sales_line l JOIN sales_product p ON p.id = l.product_id JOIN clients_client c ON c.id = l.client_id
    WHERE l.date > %(since)s AND l.date <= %(today)s AND l.quantity > 0 AND c.channel_id IS NOT NULL
    GROUP BY c.channel_id, p.category
),
buyers AS (
    SELECT c.channel_id FROM clients_client c
    WHERE c.channel_id IS NOT NULL AND c.last_order_on > %(since)s GROUP BY c.channel_id HAVING count(*) >= 20
)
INSERT INTO cleanup_channelmix (channel_id, category, share)
SELECT channel_id, category, amount / sqrt(sum(amount * amount) OVER (PARTITION BY channel_id))
FROM sold JOIN buyers USING (channel_id) WHERE amount > 0
