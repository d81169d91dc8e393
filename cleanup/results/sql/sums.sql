-- The outcomes of campaigns, added up. %(campaigns)s; %(territories)s: ids, null for all.
SELECT o.campaign_id, m.key, k.key, sum(k.value::bigint)::bigint
FROM results_outcome o, jsonb_each(o.numbers) m, jsonb_each_text(m.value) k
WHERE o.campaign_id = ANY (%(campaigns)s) AND (%(territories)s::bigint[] IS NULL OR o.territory_id = ANY (%(territories)s))
GROUP BY 1, 2, 3
