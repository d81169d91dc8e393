-- Replaces all of a period's clients and cells by those of `fresh` (client_facts.sql).
-- %(period)s: id. In braces: lists of the measures, of their sums, and of what goes with them.
DELETE FROM kpi_periodclient WHERE period_id = %(period)s;
DELETE FROM kpi_periodcell WHERE period_id = %(period)s;
INSERT INTO kpi_periodclient (period_id, client_id, territory_id, channel_id, {measures}, {details})
SELECT %(period)s, client_id, territory_id, channel_id, {measures}, {details} FROM fresh;
INSERT INTO kpi_periodcell (period_id, territory_id, channel_id, {measures})
SELECT %(period)s, territory_id, channel_id, {sums} FROM fresh GROUP BY territory_id, channel_id;
