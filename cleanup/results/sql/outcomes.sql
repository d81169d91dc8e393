-- What a campaign came to in some territories, a row each; stored anew where it is there.
-- %(campaign)s; %(territories)s: ids; %(today)s.
-- Measures: base: before (all sheets), after (still open outlets of the register), gone (merged by others); done:
-- confirmed, changed, closed, merged; corrected: by field; channels, categories: "from>to" (channels by id); filled_before,
-- filled_after: by part of the card, of the base before and after; score: before, after, sums over the same; remains: why.
WITH sheets AS MATERIALIZED (
    SELECT s.id, s.territory_id, s.client_id, s.state, s.rep_id, s.category_before, s.score_before, s.details,
           c.merged_into_id IS NULL AND c.closed_on IS NULL AS stays
    FROM cleanup_sheet s JOIN clients_client c ON c.id = s.client_id
    WHERE s.campaign_id = %(campaign)s AND s.territory_id = ANY (%(territories)s)
),
quality AS MATERIALIZED (
    SELECT s.territory_id, q.score, q.missing
    FROM cleanup_quality((SELECT array_agg(client_id) FROM sheets WHERE stays), %(today)s) q
    JOIN sheets s ON s.client_id = q.client_id
),
applied AS MATERIALIZED (
    SELECT s.territory_id, s.id, s.category_before, a.field, a.old, a.new
    FROM sheets s JOIN cleanup_applied a ON a.sheet_id = s.id
),
parts AS (
    SELECT unnest('{address,phone,channel,place,counterparty,inn,potential_monthly,contact}'::text[]) AS part
),
counted AS (
    SELECT territory_id, 'base' AS measure, 'before' AS key, count(*) AS n FROM sheets GROUP BY 1
    UNION ALL SELECT territory_id, 'base', 'after', count(*) FROM sheets WHERE stays GROUP BY 1
    UNION ALL SELECT territory_id, 'base', 'gone', count(*) FROM sheets WHERE state = 'gone' GROUP BY 1
    UNION ALL
    SELECT territory_id, 'done',
           CASE WHEN merged THEN 'merged' WHEN closed THEN 'closed' WHEN touched THEN 'changed' ELSE 'confirmed' END,
           count(*)
    FROM (
        SELECT s.territory_id, coalesce(bool_or(a.field = 'merge'), false) AS merged,
               coalesce(bool_or(a.field = 'closed_on' AND a.new <> 'null'), false) AS closed, count(a.id) > 0 AS touched
        FROM sheets s LEFT JOIN applied a ON a.id = s.id WHERE s.state = 'applied' GROUP BY s.territory_id, s.id
    ) each GROUP BY 1, 3
    UNION ALL
    SELECT territory_id, 'corrected', field, count(*) FROM applied
    WHERE field NOT IN ('merge', 'category', 'closed_on') GROUP BY 1, 3
    UNION ALL
    SELECT territory_id, 'channels', coalesce(old #>> '{}', '') || '>' || coalesce(new #>> '{}', ''), count(*)
    FROM applied WHERE field = 'channel' GROUP BY 1, 3
    UNION ALL
    SELECT s.territory_id, 'categories', s.category_before || '>' || coalesce(a.new #>> '{}', s.category_before), count(*)
    FROM sheets s LEFT JOIN applied a ON a.id = s.id AND a.field = 'category'
    WHERE s.state = 'applied' AND NOT EXISTS (SELECT FROM applied m WHERE m.id = s.id AND m.field = 'merge') GROUP BY 1, 3
    UNION ALL
    SELECT s.territory_id, 'filled_before', p.part, count(*)
    FROM sheets s CROSS JOIN parts p WHERE NOT coalesce(s.details -> 'missing', '[]') ? p.part GROUP BY 1, 3
    UNION ALL
    SELECT q.territory_id, 'filled_after', p.part, count(*)
    FROM quality q CROSS JOIN parts p WHERE p.part <> ALL (q.missing) GROUP BY 1, 3
    UNION ALL SELECT territory_id, 'score', 'before', sum(score_before) FROM sheets GROUP BY 1
    UNION ALL SELECT territory_id, 'score', 'after', sum(score) FROM quality GROUP BY 1
    UNION ALL
    SELECT territory_id, 'remains', CASE WHEN state = 'waiting' AND rep_id IS NULL THEN 'nobody' ELSE state END, count(*)
    FROM sheets WHERE state NOT IN ('applied', 'gone') GROUP BY 1, 3
),
measured AS (
    SELECT territory_id, measure, jsonb_object_agg(key, n) AS numbers FROM counted WHERE n > 0 GROUP BY 1, 2
)
INSERT INTO results_outcome (campaign_id, territory_id, numbers, at)
SELECT %(campaign)s, territory_id, jsonb_object_agg(measure, numbers), now() FROM measured GROUP BY territory_id
ON CONFLICT (campaign_id, territory_id) DO UPDATE SET numbers = excluded.numbers, at = excluded.at
