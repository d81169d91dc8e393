-- Which clients' metrics of which days a change of facts or register touches: one row per client in kpi_mark.
-- Triggers, so that no way of writing can leave a KPI behind. A change of an invoice with terms, or of a payment,
-- counts from its date on (receivables); everything else on its own day. Clients: every period, for territory and
-- channel are those of d1 and come out the same for the past.

CREATE FUNCTION kpi_mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- EXECUTE: planned for the size of this change (spec/stack.md §3). TG_ARGV[0]: SELECT client_id, since, until FROM changed.
    IF TG_OP <> 'DELETE' THEN
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until) SELECT client_id, min(since), max(until) FROM ('
            || replace(TG_ARGV[0], 'changed', 'new_rows') || ') m GROUP BY client_id';
    END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until) SELECT client_id, min(since), max(until) FROM ('
            || replace(TG_ARGV[0], 'changed', 'old_rows') || ') m GROUP BY client_id';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION kpi_mark_on(tab regclass, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER mark_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION kpi_mark(%L)', tab, query);
    EXECUTE format('CREATE TRIGGER mark_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION kpi_mark(%L)', tab, query);
    EXECUTE format('CREATE TRIGGER mark_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION kpi_mark(%L)', tab, query);
END $$;

SELECT kpi_mark_on('sales_invoice',
    'SELECT client_id, date AS since, CASE WHEN payment_terms_days > 0 THEN ''infinity'' ELSE date END AS until FROM changed');
SELECT kpi_mark_on('sales_payment',
    'SELECT i.client_id, least(p.paid_on, i.date) AS since, ''infinity''::date AS until
     FROM changed p JOIN sales_invoice i ON i.id = p.invoice_id WHERE i.payment_terms_days > 0');
SELECT kpi_mark_on('visits_visit', 'SELECT client_id, planned_on AS since, planned_on AS until FROM changed');
SELECT kpi_mark_on('visits_audit', 'SELECT client_id, date AS since, date AS until FROM changed');
SELECT kpi_mark_on('visits_audititem',
    'SELECT a.client_id, a.date AS since, a.date AS until FROM changed i JOIN visits_audit a ON a.id = i.audit_id');

-- The jobs write status and category into the client itself: only what metrics and ranks read counts as a change.
CREATE FUNCTION kpi_mark_client() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until) SELECT id, ''-infinity'', ''infinity'' FROM new_rows';
    ELSE
        EXECUTE 'INSERT INTO kpi_mark (client_id, since, until)
                 SELECT id, ''-infinity'', ''infinity'' FROM new_rows n JOIN old_rows o USING (id)
                 WHERE (n.territory_id, n.channel_id, n.counterparty_id, n.is_target, n.opened_on, n.closed_on, n.potential_monthly)
                       IS DISTINCT FROM
                       (o.territory_id, o.channel_id, o.counterparty_id, o.is_target, o.opened_on, o.closed_on, o.potential_monthly)';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_insert AFTER INSERT ON clients_client REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION kpi_mark_client();
CREATE TRIGGER mark_update AFTER UPDATE ON clients_client REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION kpi_mark_client();

-- What concerns everybody: products (focus, category), must-have lists. Every stored period is to be computed whole.
CREATE FUNCTION kpi_all_stale() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM kpi_period ORDER BY id FOR UPDATE;  -- in the order of kpi/services.py: no deadlock
    UPDATE kpi_period SET stale = true WHERE NOT stale;
    RETURN NULL;
END $$;
CREATE TRIGGER all_stale AFTER INSERT OR DELETE OR UPDATE OF category, in_focus ON sales_product
    FOR EACH STATEMENT EXECUTE FUNCTION kpi_all_stale();
CREATE TRIGGER all_stale AFTER INSERT OR DELETE OR UPDATE ON sales_mml
    FOR EACH STATEMENT EXECUTE FUNCTION kpi_all_stale();

-- The first change of a rule on a day keeps the value before that day; a new value concerns every stored period.
CREATE FUNCTION kpi_rule_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.value = OLD.value THEN
            RETURN NULL;
        END IF;
        INSERT INTO kpi_formerrule (name, until, value) VALUES (OLD.name, current_date, OLD.value) ON CONFLICT DO NOTHING;
    END IF;
    PERFORM FROM kpi_period ORDER BY id FOR UPDATE;
    UPDATE kpi_period SET stale = true WHERE NOT stale;
    DELETE FROM kpi_rankday WHERE as_of = current_date;  -- the split of today is to be made again
    RETURN NULL;
END $$;
CREATE TRIGGER rule_changed AFTER INSERT OR UPDATE ON kpi_rule FOR EACH ROW EXECUTE FUNCTION kpi_rule_changed();

-- A contract moves clients between potential and lost, as of today.
SELECT kpi_mark_on('clients_contract',
    'SELECT c.id AS client_id, current_date AS since, current_date AS until
     FROM changed k JOIN clients_client c ON c.counterparty_id = k.counterparty_id');
