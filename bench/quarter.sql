-- The components of the 24 metrics of a quarter for every node, in DuckDB, from native tables of the exchange files:
-- the peer of kpi/sql/client_facts.sql + cells.sql + matrix_nodes.sql.
WITH by_day AS (
    SELECT client_code, date, sum(amount) AS amount, sum(amount - coalesce(cost, 0)) AS margin,
           sum(amount) FILTER (WHERE quantity > 0) AS sale, count(DISTINCT l.sku) FILTER (WHERE quantity > 0) AS skus,
           count(DISTINCT p.category) FILTER (WHERE quantity > 0) AS categories
    FROM invoices l JOIN products p USING (sku)
    WHERE date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30' GROUP BY ALL
),
by_sku AS (
    SELECT client_code, month(date) AS month, l.sku, any_value(p.category) AS category, any_value(p.in_focus) AS in_focus
    FROM invoices l JOIN products p USING (sku)
    WHERE date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30' AND quantity > 0 GROUP BY client_code, month(date), l.sku
),
month_skus AS (SELECT client_code, month, count(*) AS skus FROM by_sku GROUP BY ALL),
by_month AS (
    SELECT d.client_code, month(d.date) AS month, sum(d.amount) AS amount, sum(d.margin) AS margin, count(d.sale) AS orders,
           count(*) FILTER (WHERE d.sale >= 1000 AND d.skus >= 4 AND d.categories >= 3) AS effective_orders
    FROM by_day d GROUP BY ALL
),
sold AS (
    SELECT client_code, sum(m.amount) AS amount, sum(m.margin) AS margin, sum(m.orders) AS orders,
           sum(m.effective_orders) AS effective_orders,
           count(*) FILTER (WHERE m.orders > 0 AND m.amount >= 500 AND coalesce(s.skus, 0) >= 2) AS months_worked
    FROM by_month m LEFT JOIN month_skus s USING (client_code, month) GROUP BY client_code
),
distinct_skus AS (
    SELECT client_code, count(DISTINCT sku) AS skus FROM by_sku GROUP BY client_code
),
focus AS (
    SELECT client_code, count(*) AS categories FROM (
        SELECT client_code, category FROM by_sku WHERE in_focus = 1 GROUP BY ALL HAVING count(DISTINCT sku) >= 3
    ) GROUP BY client_code
),
planned AS (
    SELECT client_code, count(*) AS visits FROM visits
    WHERE planned_on BETWEEN DATE '2025-07-01' AND DATE '2025-09-30' GROUP BY client_code
),
heads AS (
    SELECT invoice, any_value(client_code) AS client_code, any_value(date) AS date,
           any_value(payment_terms_days) AS terms, sum(amount) AS total
    FROM invoices WHERE date <= DATE '2025-09-30' AND payment_terms_days > 0 GROUP BY invoice
),
paid AS (
    SELECT h.invoice, sum(p.amount) FILTER (WHERE p.paid_on <= DATE '2025-09-30') AS by_end,
           sum(p.amount) FILTER (WHERE p.paid_on <= h.date + h.terms::int) AS by_due
    FROM heads h JOIN payments p USING (invoice) GROUP BY h.invoice
),
owed AS (
    SELECT client_code,
           sum(greatest(total - coalesce(by_end, 0), 0)) AS debt,
           sum(greatest(total - coalesce(by_end, 0), 0)) FILTER (WHERE date + terms::int < DATE '2025-09-30') AS overdue,
           sum(total) FILTER (WHERE total > 0 AND date + terms::int BETWEEN DATE '2025-07-01' AND DATE '2025-09-30') AS due,
           sum(least(total, coalesce(by_due, 0)))
               FILTER (WHERE total > 0 AND date + terms::int BETWEEN DATE '2025-07-01' AND DATE '2025-09-30') AS due_paid
    FROM heads LEFT JOIN paid USING (invoice) GROUP BY client_code
),
last_audit AS (
    SELECT client_code, max(date) AS date, arg_max(planogram_full, date) AS planogram_full FROM audits
    WHERE date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30' GROUP BY client_code
),
present AS (
    SELECT a.client_code, count(*) AS positions
    FROM last_audit a JOIN audit_items i USING (client_code, date) JOIN clients c ON c.code = a.client_code
    JOIN mml m ON m.channel_code = c.channel_code AND m.sku = i.sku WHERE i.present = 1 GROUP BY a.client_code
),
required AS (SELECT channel_code, count(*) AS positions FROM mml GROUP BY channel_code),
facts AS (
    SELECT c.territory_code, 1 AS okb, (v.visits > 0)::int AS pakb,
           (s.orders > 0 AND s.amount >= 500 AND k.skus >= 2)::int AS akb, s.months_worked,
           (s.effective_orders > 0.75 * v.visits)::int AS system_outlets,
           (f.categories = (SELECT count(DISTINCT category) FROM products WHERE in_focus = 1))::int AS all_categories,
           v.visits, s.orders, s.effective_orders, s.margin, o.debt, o.overdue, o.due, o.due_paid,
           (a.client_code IS NOT NULL)::int AS audited, a.planogram_full, p.positions AS present,
           CASE WHEN a.client_code IS NOT NULL THEN r.positions END AS required
    FROM clients c
    LEFT JOIN sold s ON s.client_code = c.code LEFT JOIN distinct_skus k ON k.client_code = c.code
    LEFT JOIN focus f ON f.client_code = c.code LEFT JOIN planned v ON v.client_code = c.code
    LEFT JOIN owed o ON o.client_code = c.code LEFT JOIN last_audit a ON a.client_code = c.code
    LEFT JOIN present p ON p.client_code = c.code LEFT JOIN required r ON r.channel_code = c.channel_code
),
leaves AS (
    SELECT territory_code, sum(okb) AS okb, sum(pakb) AS pakb, sum(akb) AS akb,
           sum((akb = 1 AND months_worked = 3)::int) AS stable_akb, sum(system_outlets) AS system_outlets,
           sum((akb = 1 AND all_categories = 1)::int) AS category_akb, sum(audited) AS audited, sum(visits) AS visit_plan,
           sum(orders) AS orders, sum(effective_orders) AS effective_orders, sum(margin) AS margin, sum(debt) AS debt,
           sum(overdue) AS overdue, sum(due) AS due, sum(due_paid) AS due_paid, sum(planogram_full) AS planogram_full,
           sum(present) AS mml_present, sum(required) AS mml_required
    FROM facts GROUP BY territory_code
)
SELECT t.above, sum(okb) AS okb, sum(pakb) AS pakb, sum(akb) AS akb, sum(stable_akb) AS stable_akb,
       sum(system_outlets) AS system_outlets, sum(category_akb) AS category_akb, sum(audited) AS audited,
       sum(visit_plan) AS visit_plan, sum(orders) AS orders, sum(effective_orders) AS effective_orders, sum(margin) AS margin,
       sum(debt) AS debt, sum(overdue) AS overdue, sum(due) AS due, sum(due_paid) AS due_paid,
       sum(planogram_full) AS planogram_full, sum(mml_present) AS mml_present, sum(mml_required) AS mml_required
FROM paths t JOIN leaves l ON l.territory_code = t.below GROUP BY t.above
