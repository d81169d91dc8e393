-- Pairs of clients that share a key and may be one.
-- %(keys)s, %(clients)s: keys and, at the same places, the clients that have them; %(most)s: clients with one key, above
-- which it says nothing. Only so many of a key are read, however many there are.
SELECT DISTINCT least(mine.client_id, other.client_id), greatest(mine.client_id, other.client_id)
FROM unnest(%(keys)s::int[], %(clients)s::bigint[]) mine(key, client_id)
CROSS JOIN LATERAL (
    SELECT array_agg(client_id) AS clients
    FROM (SELECT k.client_id FROM duplicates_key k WHERE k.key = mine.key LIMIT %(most)s + 1) few
) found
CROSS JOIN LATERAL unnest(found.clients) other(client_id)
WHERE cardinality(found.clients) <= %(most)s AND other.client_id <> mine.client_id
      AND NOT EXISTS (
          SELECT FROM duplicates_different d
          WHERE d.one_id = least(mine.client_id, other.client_id) AND d.other_id = greatest(mine.client_id, other.client_id)
      )
