-- The first %(limit)s moves up and as many down (in braces: moves.sql), and how many there are of each.
SELECT * FROM (
    SELECT m.*, count(*) OVER (PARTITION BY steps > 0) AS total,
           row_number() OVER (PARTITION BY steps > 0 ORDER BY abs(steps) DESC, potential_monthly DESC NULLS LAST, code) AS place
    FROM ({moves}) m
    WHERE steps <> 0
) b
WHERE place <= %(limit)s
