-- What each client contributes to the metrics of a period, from raw lines, visits, payments and audits
-- (spec/kpi.md, Terms and Metrics 1-24). One row per client, into the temporary table `fresh`.
-- %(d0)s, %(d1)s: first and last day; %(months)s: number of months; %(today)s; the rules by name.
-- The words in braces make it all clients, or those of the temporary table `touched` (kpi/services.py).
DROP TABLE IF EXISTS fresh;
CREATE TEMP TABLE fresh ON COMMIT DROP AS
WITH
-- A product as one bit of a string: sets of SKUs are united and counted exactly, which counts could not be. Its
-- category is one bit more, behind those of all products, so that one union serves both.
-- Not materialized: a CTE that is stays in one process, and the lines are to be read and summed by several.
numbered AS (
    SELECT id, category, in_focus,
           (row_number() OVER (ORDER BY id) - 1)::int AS bit, (count(*) OVER ())::int AS products,
           (dense_rank() OVER (ORDER BY category) - 1)::int AS category_bit
    FROM sales_product
),
mask AS NOT MATERIALIZED (
    SELECT id, category, in_focus,
           set_bit(set_bit(repeat('0', products + max(category_bit) OVER () + 1)::varbit, bit, 1),
                   products + category_bit, 1) AS bits
    FROM numbered
),
focus AS MATERIALIZED (
    SELECT substring(bit_or(bits) FROM 1 FOR (SELECT count(*)::int FROM sales_product)) AS skus
    FROM mask WHERE in_focus GROUP BY category
),
-- All invoices of a day are one order (metric 13); returns of the day count in amount and margin only: their lines
-- find no mask, so that one comparison of quantities serves all that is asked of sales.
summed AS (
    SELECT l.client_id, l.date,
           kpi_plus(l.amount) FILTER (WHERE m.bits IS NOT NULL) AS sale,
           kpi_plus(l.amount) FILTER (WHERE m.bits IS NULL) AS returned,
           kpi_plus(l.cost) AS cost, bit_or(m.bits) AS bits
    FROM {lines} l LEFT JOIN mask m ON m.id = l.product_id AND l.quantity > 0
    WHERE l.date BETWEEN %(d0)s AND %(d1)s
    GROUP BY l.client_id, l.date
),
by_day AS (
    SELECT client_id, date_trunc('month', date::timestamp)::date AS month, sale,
           coalesce(sale, 0) + coalesce(returned, 0) AS amount,
           coalesce(sale, 0) + coalesce(returned, 0) - coalesce(cost, 0) AS margin,
           skus, bit_count(skus) AS sku_count, bit_count(bits) - bit_count(skus) AS category_count
    FROM (
        SELECT *, substring(bits FROM 1 FOR (SELECT count(*)::int FROM sales_product)) AS skus FROM summed OFFSET 0
    ) s
),
by_month AS (
    SELECT client_id, month,
           count(skus)::int AS orders,
           count(*) FILTER (
               WHERE sale >= %(order_min_amount)s AND sku_count >= %(order_min_skus)s
                     AND category_count >= %(order_min_categories)s
           )::int AS effective_orders,
           -- The least of arrays is the one whose first element, the distance, is the least
           min(ARRAY[
               greatest(%(order_min_amount)s - sale, 0) / greatest(%(order_min_amount)s, 0.01)
                   + greatest(%(order_min_skus)s - sku_count, 0) / greatest(%(order_min_skus)s, 1.0)
                   + greatest(%(order_min_categories)s - category_count, 0) / greatest(%(order_min_categories)s, 1.0),
               greatest(%(order_min_amount)s - sale, 0),
               greatest(%(order_min_skus)s - sku_count, 0),
               greatest(%(order_min_categories)s - category_count, 0)
           ]) FILTER (
               WHERE sale < %(order_min_amount)s OR sku_count < %(order_min_skus)s
                     OR category_count < %(order_min_categories)s
           ) AS nearest_order,
           kpi_plus(amount) AS amount, kpi_plus(margin) AS margin, bit_or(skus) AS skus
    FROM by_day GROUP BY client_id, month
),
sold AS (
    SELECT client_id, sum(orders) AS orders, sum(effective_orders) AS effective_orders, kpi_plus(amount) AS amount,
           kpi_plus(margin) AS margin, bit_or(skus) AS skus, min(nearest_order) AS nearest_order,
           sum(orders) > 0 AND kpi_plus(amount) >= %(akb_min_amount)s
               AND coalesce(bit_count(bit_or(skus)), 0) >= %(akb_min_skus)s AS worked,
           array_agg(month ORDER BY month) FILTER (
               WHERE orders > 0 AND amount >= %(akb_min_amount)s AND bit_count(skus) >= %(akb_min_skus)s
           ) AS worked_in
    FROM by_month GROUP BY client_id
),
planned AS (
    SELECT client_id, count(*) AS visits, count(done_at) AS made FROM visits_visit
    WHERE planned_on BETWEEN %(d0)s AND %(d1)s {only} GROUP BY client_id
),
-- Invoices with terms, and what was paid on each by the end of d1 and by its due date
credit AS (
    SELECT i.client_id, i.total, i.date + i.payment_terms_days AS due_on,
           coalesce(kpi_plus(p.amount) FILTER (WHERE p.paid_on <= %(d1)s), 0) AS by_end,
           coalesce(kpi_plus(p.amount) FILTER (WHERE p.paid_on <= i.date + i.payment_terms_days), 0) AS by_due
    FROM sales_invoice i LEFT JOIN sales_payment p ON p.invoice_id = i.id
    WHERE i.payment_terms_days > 0 AND i.date <= %(d1)s {owing}
    GROUP BY i.id
),
receivable AS (
    SELECT client_id,
           -- Metric 21: the rest at the end of d1, where positive, and of it the overdue part
           kpi_plus(total - by_end) FILTER (WHERE total > by_end) AS debt,
           kpi_plus(total - by_end) FILTER (WHERE total > by_end AND due_on < %(d1)s) AS overdue,
           -- Metric 22: what fell due in the period, and what of it came in time
           kpi_plus(total) FILTER (WHERE total > 0 AND due_on BETWEEN %(d0)s AND %(d1)s) AS due,
           kpi_plus(least(total, by_due)) FILTER (WHERE total > 0 AND due_on BETWEEN %(d0)s AND %(d1)s) AS due_paid
    FROM credit GROUP BY client_id
),
-- Territory and channel in force on d1, today for a period that has not ended
moved AS (
    SELECT DISTINCT ON (client_id) client_id, territory_id, channel_id FROM clients_placement
    WHERE until > least(%(d1)s, %(today)s) {only} ORDER BY client_id, until
),
placed AS (
    SELECT c.id,
           CASE WHEN m.client_id IS NULL THEN c.territory_id ELSE m.territory_id END AS territory_id,
           CASE WHEN m.client_id IS NULL THEN c.channel_id ELSE m.channel_id END AS channel_id,
           c.is_target AND coalesce(c.opened_on <= %(d1)s, true) AND coalesce(c.closed_on >= %(d0)s, true) AS okb
    FROM clients_client c LEFT JOIN moved m ON m.client_id = c.id
    WHERE c.merged_into_id IS NULL {only_clients}
),
-- The latest audit of the period (metrics 23, 24)
last_audit AS (
    SELECT DISTINCT ON (client_id) client_id, id, planogram_full FROM visits_audit
    WHERE date BETWEEN %(d0)s AND %(d1)s {only} ORDER BY client_id, date DESC
),
required AS (SELECT channel_id, count(*) AS positions FROM sales_mml GROUP BY channel_id),
present AS (
    SELECT a.client_id, count(*) AS positions
    FROM last_audit a JOIN placed c ON c.id = a.client_id
    JOIN visits_audititem i ON i.audit_id = a.id AND i.present
    JOIN sales_mml m ON m.channel_id = c.channel_id AND m.product_id = i.product_id
    GROUP BY a.client_id
)
SELECT c.id AS client_id, c.territory_id, c.channel_id,
       c.okb::int AS okb,
       coalesce(c.okb AND v.visits > 0, false)::int AS pakb,
       coalesce(c.okb AND s.worked, false)::int AS akb,
       coalesce(c.okb AND s.worked AND cardinality(s.worked_in) = %(months)s, false)::int AS stable_akb,
       coalesce(c.okb AND s.effective_orders > %(system_threshold)s * v.visits, false)::int AS system_outlets,
       coalesce(c.okb AND s.worked AND g.short = 0, false)::int AS category_akb,
       (c.okb AND a.client_id IS NOT NULL)::int AS audited,
       CASE WHEN c.okb THEN coalesce(v.visits, 0) ELSE 0 END AS visit_plan,
       CASE WHEN c.okb THEN coalesce(s.orders, 0) ELSE 0 END AS orders,
       CASE WHEN c.okb THEN coalesce(s.effective_orders, 0) ELSE 0 END AS effective_orders,
       CASE WHEN c.okb THEN coalesce(s.amount, 0) ELSE 0 END AS amount,
       CASE WHEN c.okb THEN coalesce(s.margin, 0) ELSE 0 END AS margin,
       coalesce(b.debt, 0) AS debt, coalesce(b.overdue, 0) AS overdue,
       coalesce(b.due, 0) AS due, coalesce(b.due_paid, 0) AS due_paid,
       coalesce(c.okb AND a.planogram_full, false)::int AS planogram_full,
       CASE WHEN c.okb THEN coalesce(p.positions, 0) ELSE 0 END AS mml_present,
       CASE WHEN c.okb AND a.client_id IS NOT NULL THEN coalesce(r.positions, 0) ELSE 0 END AS mml_required,
       coalesce(v.made, 0) AS visits_made,
       coalesce(bit_count(s.skus), 0) AS skus,
       coalesce(s.worked_in, '{{}}') AS worked_in,
       CASE WHEN c.okb AND s.worked THEN g.short ELSE 0 END AS category_short,
       s.nearest_order
FROM placed c
LEFT JOIN sold s ON s.client_id = c.id
-- Metric 10: the focus SKUs that are missing, over all focus categories
LEFT JOIN LATERAL (
    SELECT coalesce(sum(greatest(%(category_min_skus)s - coalesce(bit_count(s.skus & f.skus), 0), 0)), 0) AS short
    FROM focus f WHERE s.worked
) g ON true
LEFT JOIN planned v ON v.client_id = c.id
LEFT JOIN receivable b ON b.client_id = c.id
LEFT JOIN last_audit a ON a.client_id = c.id
LEFT JOIN present p ON p.client_id = c.id
LEFT JOIN required r ON r.channel_id = c.channel_id
