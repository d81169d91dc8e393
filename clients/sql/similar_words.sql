-- For each of %(words)s the words of the register that differ from it by a letter (by two, if it has six or more), nearest
-- first; those that share a good part of its trigrams are looked at. Words without any are left out.
SELECT asked.word, array_agg(near.word ORDER BY near.edits, near.alike DESC, near.word)
FROM unnest(%(words)s::text[]) AS asked (word)
CROSS JOIN LATERAL (
    SELECT known.word, levenshtein_less_equal(known.word, asked.word, 2) AS edits, similarity(known.word, asked.word) AS alike
    FROM clients_word known
    WHERE known.word %% asked.word AND length(known.word) BETWEEN length(asked.word) - 2 AND length(asked.word) + 2
    ORDER BY edits, alike DESC, known.word LIMIT 5
) near
WHERE near.edits <= CASE WHEN length(asked.word) < 6 THEN 1 ELSE 2 END
GROUP BY asked.word
