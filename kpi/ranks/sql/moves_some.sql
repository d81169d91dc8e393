-- Which of the moves (in braces: moves.sql) a page lists: the longest first, then by potential.
-- %(was)s, %(becomes)s: a letter, "" for none, NULL for any; %(direction)s: up, down, in, out or NULL; %(limit)s,
-- %(offset)s; and those of moves.sql.
SELECT m.*, 0 AS total FROM ({moves}) m
WHERE (%(was)s::text IS NULL OR was = %(was)s::text) AND (%(becomes)s::text IS NULL OR becomes = %(becomes)s::text)
  AND CASE %(direction)s::text WHEN 'up' THEN steps > 0 WHEN 'down' THEN steps < 0 WHEN 'in' THEN was = ''
      WHEN 'out' THEN becomes = '' ELSE true END
ORDER BY abs(steps) DESC NULLS LAST, potential_monthly DESC NULLS LAST, code LIMIT %(limit)s OFFSET %(offset)s
