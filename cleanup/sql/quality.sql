-- The quality score of clients (spec/product.md: filled, valid, verified when, duplicates suspected), 0..100, and the
-- helpers it shares with the preparation of a campaign. docs/decisions/060-quality-score.md.

-- The digits of a phone without the country's: '' for none.
CREATE FUNCTION cleanup_phone(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(regexp_replace(phone, '\D', '', 'g'), '^[78](?=\d{10}$)', '');

CREATE FUNCTION cleanup_phone_valid(phone text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cleanup_phone(phone) ~ '^[3-9]\d{9}$';

-- Whether the check digits of an INN hold; 10 digits of a company, 12 of a person.
CREATE FUNCTION cleanup_inn_valid(inn text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN inn ~ '^\d{10}$' THEN
        (SELECT sum(substr(inn, n::int, 1)::int * w) % 11 % 10 FROM unnest('{2,4,10,3,5,9,4,6,8}'::int[]) WITH ORDINALITY u(w, n))
        = substr(inn, 10, 1)::int
    WHEN inn ~ '^\d{12}$' THEN
        (SELECT sum(substr(inn, n::int, 1)::int * w) % 11 % 10 FROM unnest('{7,2,4,10,3,5,9,4,6,8}'::int[]) WITH ORDINALITY u(w, n))
        = substr(inn, 11, 1)::int
        AND (SELECT sum(substr(inn, n::int, 1)::int * w) % 11 % 10 FROM unnest('{3,7,2,4,10,3,5,9,4,6,8}'::int[]) WITH ORDINALITY u(w, n))
        = substr(inn, 12, 1)::int
    ELSE false
END;

-- Kilometres between two points on a sphere.
CREATE FUNCTION cleanup_km(lat1 float8, lon1 float8, lat2 float8, lon2 float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 12742 * asin(sqrt(least(1, sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lon2 - lon1) / 2) ^ 2)));

-- What of these clients is missing, what is invalid, what else is wrong, and the score:
--   filled 40: address 8, phone 8, channel 6, place 6, counterparty 4, INN 4, potential 2, a contact who decides 2;
--   valid 25, of what there is: phone 8, e-mail 3, INN 5, place within the territory's extent 6, contract not run out 3
--     (what is missing counts as valid only where the score of filling has not got it already: e-mail, contract);
--   verified 20 within 12 months before `today`, 10 within 24;
--   single 15 without a suspected duplicate of score 70 or more.
CREATE FUNCTION cleanup_quality(ids bigint[], today date)
RETURNS TABLE (
    client_id bigint, score int, filled int, valid int, verified int, single int, missing text[], invalid text[],
    far_km float8, far_limit float8, contract text, contract_until date
) LANGUAGE sql STABLE ROWS 1000 AS $$
-- MATERIALIZED: inlined, each part of the score would reckon all of it again (twice as slow).
WITH facts AS MATERIALIZED (
    SELECT c.*, coalesce(p.inn, '') AS inn, x.km AS far_limit,
           CASE WHEN c.lat IS NOT NULL AND c.lon IS NOT NULL AND x.territory_id IS NOT NULL
                THEN cleanup_km(c.lat, c.lon, x.lat, x.lon) END AS far_km,
           k.number AS contract, k.valid_until AS contract_until,
           EXISTS (SELECT FROM clients_contact d WHERE d.client_id = c.id AND d.is_decision_maker) AS decides,
           v."on" AS verified_on,
           EXISTS (SELECT FROM duplicates_pair d WHERE d.one_id = c.id AND d.score >= 70)
               OR EXISTS (SELECT FROM duplicates_pair d WHERE d.other_id = c.id AND d.score >= 70) AS double
    FROM clients_client c
    LEFT JOIN clients_counterparty p ON p.id = c.counterparty_id
    LEFT JOIN cleanup_extent x ON x.territory_id = c.territory_id
    LEFT JOIN cleanup_verified v ON v.client_id = c.id
    -- The counterparty's contracts have all run out: the one that did so last
    LEFT JOIN LATERAL (
        SELECT number, valid_until FROM clients_contract
        WHERE counterparty_id = c.counterparty_id ORDER BY valid_until DESC NULLS FIRST, id LIMIT 1
    ) k ON k.valid_until < today
    WHERE c.id = ANY (ids)
),
checked AS MATERIALIZED (
    SELECT f.*,
        array_remove(ARRAY[
            CASE WHEN address = '' THEN 'address' END, CASE WHEN phone = '' THEN 'phone' END,
            CASE WHEN channel_id IS NULL THEN 'channel' END, CASE WHEN lat IS NULL OR lon IS NULL THEN 'place' END,
            CASE WHEN counterparty_id IS NULL THEN 'counterparty' END, CASE WHEN inn = '' THEN 'inn' END,
            CASE WHEN potential_monthly IS NULL THEN 'potential_monthly' END, CASE WHEN NOT decides THEN 'contact' END
        ], NULL) AS missing,
        array_remove(ARRAY[
            CASE WHEN phone <> '' AND NOT cleanup_phone_valid(phone) THEN 'phone' END,
            CASE WHEN email <> '' AND email !~ '^[^@\s]+@[^@\s]+\.[^@\s.]+$' THEN 'email' END,
            CASE WHEN inn <> '' AND NOT cleanup_inn_valid(inn) THEN 'inn' END
        ], NULL) AS invalid
    FROM facts f
),
parts AS (
    SELECT k.*,
        40 - 8 * ('address' = ANY (missing))::int - 8 * ('phone' = ANY (missing))::int
           - 6 * ('channel' = ANY (missing))::int - 6 * ('place' = ANY (missing))::int
           - 4 * ('counterparty' = ANY (missing))::int - 4 * ('inn' = ANY (missing))::int
           - 2 * ('potential_monthly' = ANY (missing))::int - 2 * ('contact' = ANY (missing))::int AS filled,
        25 - 8 * ('phone' = ANY (missing || invalid))::int - 3 * ('email' = ANY (invalid))::int
           - 5 * ('inn' = ANY (missing || invalid))::int - 3 * (contract IS NOT NULL)::int
           - 6 * ('place' = ANY (missing) OR coalesce(far_km > far_limit, false))::int AS valid,
        CASE WHEN verified_on > today - interval '12 months' THEN 20
             WHEN verified_on > today - interval '24 months' THEN 10 ELSE 0 END AS verified,
        CASE WHEN double THEN 0 ELSE 15 END AS single
    FROM checked k
)
SELECT id, filled + valid + verified + single, filled, valid, verified, single, missing, invalid, far_km, far_limit,
       contract, contract_until
FROM parts
$$;
