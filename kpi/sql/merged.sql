-- kpi_mark_client of marks.sql, which now hears of merges too: who is merged leaves every period.
CREATE OR REPLACE FUNCTION kpi_mark_client() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until) SELECT id, ''-infinity'', ''infinity'' FROM new_rows';
    ELSE
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until)
                 SELECT id, ''-infinity'', ''infinity'' FROM new_rows n JOIN old_rows o USING (id)
                 WHERE (n.territory_id, n.channel_id, n.counterparty_id, n.is_target, n.opened_on, n.closed_on, n.potential_monthly,
                        n.merged_into_id)
                       IS DISTINCT FROM
                       (o.territory_id, o.channel_id, o.counterparty_id, o.is_target, o.opened_on, o.closed_on, o.potential_monthly,
                        o.merged_into_id)';
    END IF;
    RETURN NULL;
END $$;
