-- Every client's part of the base as of a day, the cause, and its last order by then (spec/kpi.md, the split).
-- %(as_of)s: the day D; %(window_start)s: D minus reporting_months, itself outside the window W.
-- The words in braces make it all clients, or those of the temporary table `touched` (kpi/splits.py).
-- An order is an invoice with a sale line.
SELECT c.id, c.code, last.order_on,
       CASE
           WHEN c.merged_into_id IS NOT NULL THEN 'closed'
           WHEN c.closed_on <= %(as_of)s THEN 'closed'
           WHEN last.order_on > %(window_start)s THEN 'active'
           WHEN last.order_on IS NOT NULL THEN 'lost'
           WHEN signed.latest <= %(window_start)s THEN 'lost'
           ELSE 'potential'
       END AS status,
       CASE
           WHEN c.merged_into_id IS NOT NULL THEN 'merged'
           WHEN c.closed_on <= %(as_of)s THEN 'closed'
           WHEN last.order_on > %(window_start)s THEN 'order'
           WHEN last.order_on IS NOT NULL THEN 'no_order'
           WHEN signed.latest <= %(window_start)s THEN 'contract'
           ELSE 'never'
       END AS cause
FROM clients_client c
LEFT JOIN (
    SELECT client_id, max(date) AS order_on FROM {invoices} i WHERE has_sale AND date <= %(as_of)s GROUP BY client_id
) last ON last.client_id = c.id
LEFT JOIN (
    SELECT counterparty_id, max(signed_on) AS latest FROM {contracts} k WHERE signed_on <= %(as_of)s GROUP BY counterparty_id
) signed ON signed.counterparty_id = c.counterparty_id
{only}
