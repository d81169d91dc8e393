-- Focus categories in which clients bought fewer distinct focus SKUs in a period than asked for, and how many fewer
-- (spec/kpi.md, metric 10). %(clients)s: ids; %(d0)s, %(d1)s: days; %(category_min_skus)s.
SELECT k.id, f.category, %(category_min_skus)s - count(DISTINCT s.product_id)
FROM unnest(%(clients)s::bigint[]) AS k (id)
CROSS JOIN (SELECT DISTINCT category FROM sales_product WHERE in_focus) f
LEFT JOIN LATERAL (
    SELECT l.product_id
    FROM sales_invoice i JOIN sales_line l ON l.invoice_id = i.id AND l.quantity > 0
    JOIN sales_product p ON p.id = l.product_id AND p.in_focus AND p.category = f.category
    WHERE i.client_id = k.id AND i.date BETWEEN %(d0)s AND %(d1)s
) s ON true
GROUP BY k.id, f.category
HAVING count(DISTINCT s.product_id) < %(category_min_skus)s
