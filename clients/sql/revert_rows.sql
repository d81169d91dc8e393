-- Which rows of one table were created or removed by the chosen events: for `reverting`, without a field.
-- Parameters as in revert_values.sql; {taken} is about the values in d.old. What may be removed is removed again if
-- nobody has touched it since; %({table}_stays)s is the verdict on the rows of a table in which nothing is ever deleted.
(WITH d AS (
    SELECT row_id, max(id) AS last, (array_agg(operation ORDER BY id))[1] AS first_operation,
           (array_agg(operation ORDER BY id DESC))[1] AS last_operation, (array_agg(old ORDER BY id DESC))[1] AS old,
           (array_agg(new ORDER BY id))[1] AS new
    FROM history_event WHERE "table" = '{table}' AND {chosen} GROUP BY row_id
)
SELECT '{table}', d.row_id, NULL::text, d.old, d.new, NULL::jsonb,
       CASE WHEN d.last_operation = 'D' THEN
                 CASE WHEN t.id IS NOT NULL THEN 'back' WHEN NOT ({allowed}) THEN 'forbidden'
                      WHEN {taken} THEN 'taken' ELSE 'restore' END
            WHEN t.id IS NULL THEN 'back'
            WHEN %({table}_stays)s <> '' THEN %({table}_stays)s
            WHEN NOT ({allowed}) THEN 'forbidden'
            WHEN EXISTS (SELECT FROM history_event h WHERE h."table" = '{table}' AND h.row_id = d.row_id AND h.id > d.last)
            THEN 'changed'
            ELSE 'remove' END
FROM d LEFT JOIN {table} t ON t.id = d.row_id
WHERE (d.first_operation = 'I') <> (d.last_operation = 'D'))
