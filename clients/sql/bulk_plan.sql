-- What giving many clients new values would do to each: fills the temporary table `bulking`, a row a client.
-- verdict: `gone` (not there for this person), `forbidden`, `elsewhere` (may not be put there), `conflict` (changed since
-- it was seen), `order` (closed before it was opened), `same`, `ok`; approves: whether the person approves here;
-- writes, asks: whether something of it changes at once, or is asked for. In the order of client_update's checks.
-- %(ids)s, %(versions)s: the clients and their versions as seen; %(view)s, %(change)s, %(approve)s: territories on which
-- the person has these rights, NULL: all; {…}: conditions made by clients/bulk_plan.py of the fields' names.
CREATE TEMP TABLE bulking ON COMMIT DROP AS
WITH b AS (
    SELECT a.id, a.version, c.id AS there, %(approve)s::bigint[] IS NULL OR c.territory_id = ANY (%(approve)s::bigint[]) AS approves
    FROM unnest(%(ids)s::bigint[], %(versions)s::integer[]) a (id, version)
    LEFT JOIN clients_client c ON c.id = a.id AND c.merged_into_id IS NULL
         AND (%(view)s::bigint[] IS NULL OR c.territory_id = ANY (%(view)s::bigint[]))
), checked AS (
    SELECT b.id, coalesce(b.approves, false) AS approves, {writes} AS writes, {asks} AS asks,
           CASE WHEN c.id IS NULL THEN 'gone'
                WHEN c.territory_id <> ALL (%(change)s::bigint[]) THEN 'forbidden'
                WHEN {elsewhere} THEN 'elsewhere'
                WHEN c.version <> b.version THEN 'conflict'
                WHEN {disorder} THEN 'order'
                ELSE 'ok' END AS verdict
    FROM b LEFT JOIN clients_client c ON c.id = b.there
)
SELECT id, approves, writes AND verdict = 'ok' AS writes, asks AND verdict = 'ok' AS asks,
       CASE WHEN verdict = 'ok' AND NOT writes AND NOT asks THEN 'same' ELSE verdict END AS verdict
FROM checked
