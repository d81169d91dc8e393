-- Rows of `stage` (exchange file `invoices`) that cannot be taken go to `reject`.
-- The reasons in the user's language: %(client)s, %(product)s, %(zero)s, %(sign)s, %(differs)s.

WITH gone AS (
    DELETE FROM stage s WHERE NOT EXISTS (SELECT FROM clients_client c WHERE c.code = s.client_code) RETURNING *
)
INSERT INTO reject SELECT line, 'client_code', client_code, %(client)s FROM gone;

WITH gone AS (
    DELETE FROM stage s WHERE NOT EXISTS (SELECT FROM sales_product p WHERE p.sku = s.sku) RETURNING *
)
INSERT INTO reject SELECT line, 'sku', sku, %(product)s FROM gone;

WITH gone AS (
    DELETE FROM stage
    WHERE quantity = 0 OR quantity > 0 AND (amount < 0 OR cost < 0) OR quantity < 0 AND (amount > 0 OR cost > 0)
    RETURNING line, quantity, amount, cost, quantity > 0 AND amount < 0 OR quantity < 0 AND amount > 0 AS amount_wrong
)
INSERT INTO reject
SELECT line,
       CASE WHEN quantity = 0 THEN 'quantity' WHEN amount_wrong THEN 'amount' ELSE 'cost' END,
       CASE WHEN quantity = 0 THEN quantity WHEN amount_wrong THEN amount ELSE cost END,
       CASE WHEN quantity = 0 THEN %(zero)s ELSE %(sign)s END
FROM gone;

-- Of an invoice whose lines disagree, those that differ from its first line (in terms, from the first that has any).
WITH first AS (
    SELECT invoice, (array_agg(client_code ORDER BY line))[1] AS client_code, (array_agg(date ORDER BY line))[1] AS date,
           (array_agg(payment_terms_days ORDER BY line) FILTER (WHERE payment_terms_days IS NOT NULL))[1] AS terms
    FROM stage GROUP BY invoice
    HAVING min(client_code) <> max(client_code) OR min(date) <> max(date) OR min(payment_terms_days) <> max(payment_terms_days)
), gone AS (
    DELETE FROM stage s USING first f
    WHERE s.invoice = f.invoice
          AND (s.client_code <> f.client_code OR s.date <> f.date OR s.payment_terms_days <> f.terms)
    RETURNING s.line, s.client_code, s.date, s.payment_terms_days,
              s.client_code <> f.client_code AS client_differs, s.date <> f.date AS date_differs
)
INSERT INTO reject
SELECT line,
       CASE WHEN client_differs THEN 'client_code' WHEN date_differs THEN 'date' ELSE 'payment_terms_days' END,
       CASE WHEN client_differs THEN client_code WHEN date_differs THEN date::text ELSE payment_terms_days::text END,
       %(differs)s
FROM gone;
