-- The lines of `stage` into sales_invoice and sales_line. Rows that cannot be taken do not get through the joins:
-- the caller compares the number of lines, and sorts them out with invoices_check.sql if some are missing.
-- Leaves `target`: a row per invoice with its `action` (new, changed, none) and its number of lines.
DROP TABLE IF EXISTS target, same;
CREATE TEMP TABLE target ON COMMIT DROP AS
SELECT CASE WHEN stored THEN id ELSE nextval('sales_invoice_id_seq') END AS id,
       CASE WHEN stored THEN 'changed' ELSE 'new' END AS action,
       invoice, client_id, client_code, date, terms, payment_terms_days, total, margin, has_sale, lines
FROM (
    -- New invoices are numbered in the order of the file, so that their lines go to the end of the key's index.
    SELECT i.id, i.id IS NOT NULL AS stored, h.invoice, c.id AS client_id, h.client_code, h.date, h.terms,
           coalesce(h.terms, i.payment_terms_days, 0) AS payment_terms_days, h.total, h.margin, h.has_sale, h.lines
    FROM (
        SELECT invoice, min(line) AS first_line, count(*) AS lines, any_value(client_code) AS client_code,
               any_value(date) AS date, any_value(payment_terms_days) AS terms,
               sum(amount) AS total, sum(amount) - coalesce(sum(cost), 0) AS margin, bool_or(quantity > 0) AS has_sale
        FROM stage GROUP BY invoice
    ) h
    JOIN clients_client c ON c.code = h.client_code LEFT JOIN sales_invoice i ON i.number = h.invoice
    ORDER BY h.first_line
) h;
ANALYZE target (id, invoice, action);

-- Stored invoices whose lines say the same already, compared as a multiset: the staged ones count +1, the stored
-- ones −1. One aggregate and a table with statistics: a join of two aggregates was planned as a nested loop.
CREATE TEMP TABLE same ON COMMIT DROP AS
SELECT id, count(*) FILTER (WHERE side = 1) AS lines
FROM (
    SELECT t.id, 1 AS side, p.id AS product_id, s.quantity, s.amount, s.cost
    FROM target t JOIN stage s USING (invoice) JOIN sales_product p USING (sku)
    WHERE t.action = 'changed' AND (s.client_code = t.client_code AND s.date = t.date) IS TRUE
          AND (s.payment_terms_days = t.terms OR s.payment_terms_days IS NULL)
    UNION ALL
    SELECT t.id, -1, l.product_id, l.quantity, l.amount, l.cost
    FROM target t JOIN sales_line l ON l.invoice_id = t.id WHERE t.action = 'changed'
) line
GROUP BY id
HAVING sum(side) = 0 AND sum(side * hashtextextended(concat_ws(
    '|', product_id, trim_scale(quantity), trim_scale(amount), coalesce(trim_scale(cost)::text, '')), 0)::numeric) = 0;
ANALYZE same;
UPDATE target t SET action = 'none', lines = same.lines
FROM same JOIN sales_invoice i USING (id)
WHERE t.id = same.id AND (i.client_id, i.date, i.payment_terms_days) = (t.client_id, t.date, t.payment_terms_days);
ANALYZE target (action);

DELETE FROM sales_line l USING target t WHERE l.invoice_id = t.id AND t.action = 'changed';
-- Written even where only lines differ: the trigger on invoices marks the client's KPIs (kpi/sql/marks.sql).
UPDATE sales_invoice i
SET client_id = t.client_id, date = t.date, payment_terms_days = t.payment_terms_days, total = t.total, margin = t.margin,
    has_sale = t.has_sale
FROM target t WHERE t.id = i.id AND t.action = 'changed';
INSERT INTO sales_invoice (id, number, client_id, date, payment_terms_days, total, margin, has_sale)
SELECT id, invoice, client_id, date, payment_terms_days, total, margin, has_sale FROM target WHERE action = 'new' ORDER BY id;
INSERT INTO sales_line (invoice_id, number, client_id, date, product_id, quantity, amount, cost)
SELECT t.id, s.line, t.client_id, t.date, p.id, s.quantity, s.amount, s.cost
FROM stage s JOIN target t USING (invoice) JOIN sales_product p USING (sku)
-- IS TRUE: compared after the join by invoice, which is cheaper than hashing a million times by all three.
WHERE t.action <> 'none' AND (s.client_code = t.client_code AND s.date = t.date) IS TRUE
      AND (s.payment_terms_days = t.terms OR s.payment_terms_days IS NULL);
