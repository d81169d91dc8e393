-- Where a territory's clients are: the median of their places, and three times the median distance from it, two
-- kilometres at least. Of territories with five clients that have a place; a few wrong places move neither.
WITH placed AS (
    SELECT territory_id, lat, lon FROM clients_client
    WHERE merged_into_id IS NULL AND closed_on IS NULL AND lat IS NOT NULL AND lon IS NOT NULL
),
middle AS (
    SELECT territory_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY lat) AS lat,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY lon) AS lon
    FROM placed GROUP BY territory_id HAVING count(*) >= 5
)
INSERT INTO cleanup_extent (territory_id, lat, lon, km)
SELECT m.territory_id, m.lat, m.lon,
       greatest(2, 3 * percentile_cont(0.5) WITHIN GROUP (ORDER BY cleanup_km(m.lat, m.lon, p.lat, p.lon)))
FROM middle m JOIN placed p ON p.territory_id = m.territory_id
GROUP BY m.territory_id, m.lat, m.lon
