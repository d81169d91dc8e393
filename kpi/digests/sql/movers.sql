-- Net sales of this month up to a day beside the same days of the month before: by part of each of some nodes, its
-- clients that moved the sum most, in its direction. %(nodes)s: ids, none below another; %(places)s: ids of territories
-- that may be seen; %(d0)s, %(day)s: days now; %(before0)s, %(before)s: days before; %(parts)s, %(clients)s: how many of
-- each.
WITH sold AS (
    SELECT c.id, c.code, c.name, c.territory_id,
           coalesce(sum(i.total) FILTER (WHERE i.date >= %(d0)s), 0) AS now,
           coalesce(sum(i.total) FILTER (WHERE i.date <= %(before)s), 0) AS before
    FROM clients_client c
    JOIN sales_invoice i ON i.client_id = c.id
         AND (i.date BETWEEN %(d0)s AND %(day)s OR i.date BETWEEN %(before0)s AND %(before)s)
    WHERE c.territory_id = ANY(%(places)s) AND c.merged_into_id IS NULL
    GROUP BY c.id
),
placed AS (
    SELECT n.id AS node, t.id AS part, t.code AS part_code, t.name AS part_name, s.*
    FROM sold s
    JOIN territories_territorypath p ON p.below_id = s.territory_id
    JOIN territories_territory t ON t.id = p.above_id
    JOIN unnest(%(nodes)s::bigint[]) AS n (id) ON t.parent_id = n.id OR (t.id = n.id AND p.depth = 0)
),
summed AS (
    SELECT node, part, part_code, part_name, sum(now) AS now, sum(before) AS before FROM placed
    GROUP BY node, part, part_code, part_name HAVING sum(now) <> sum(before)
),
parts AS (
    SELECT s.*, row_number() OVER (PARTITION BY node ORDER BY abs(now - before) DESC, part_code) AS nth FROM summed s
),
ranked AS (
    SELECT p.*, b.now AS part_now, b.before AS part_before, b.nth,
           row_number() OVER (PARTITION BY p.part ORDER BY (p.now - p.before) * sign(b.now - b.before) DESC, p.code) AS place
    FROM placed p JOIN parts b USING (node, part)
    WHERE b.nth <= %(parts)s
)
SELECT node, part_code, part_name, part_now, part_before, code, name, now, before FROM ranked
WHERE place <= %(clients)s AND (now - before) * sign(part_now - part_before) > 0
ORDER BY node, nth, place
