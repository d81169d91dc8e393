-- Which values of one table were changed by the chosen events, and whether each can be given back: for `reverting`.
-- {table}; {chosen}: the condition on the events; {allowed}: whether this person may, of row t and field f;
-- {taken}: whether the old value of f belongs to another row by now. %({table}_columns)s: the columns people change.
-- A field changed more than once gets back what it was before the first of these events. Rows that were created or
-- removed by them are in revert_rows.sql.
(WITH events AS (
    SELECT id, row_id, old, new, bool_and(operation = 'U') OVER (PARTITION BY row_id) AS stood
    FROM history_event WHERE "table" = '{table}' AND {chosen}
), f AS (
    SELECT e.row_id, v.key AS field, (array_agg(e.old -> v.key ORDER BY e.id))[1] AS old,
           (array_agg(v.value ORDER BY e.id DESC))[1] AS new
    FROM events e CROSS JOIN LATERAL jsonb_each(e.new) v
    WHERE e.stood AND v.key = ANY(%({table}_columns)s)
    GROUP BY e.row_id, v.key
), compared AS (
    SELECT f.*, p.present,
           CASE WHEN t.id IS NULL THEN 'gone'
                WHEN p.present = f.old THEN 'back'
                WHEN NOT ({allowed}) THEN 'forbidden'
                WHEN p.present <> f.new THEN 'changed'
                WHEN {taken} THEN 'taken'
                ELSE 'revert' END AS verdict
    FROM f LEFT JOIN {table} t ON t.id = f.row_id CROSS JOIN LATERAL (SELECT to_jsonb(t) -> f.field AS present) p
    WHERE f.old <> f.new
)
SELECT '{table}', row_id, field, old, new, present, verdict FROM compared)
