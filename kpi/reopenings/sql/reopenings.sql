-- A note for each closed month that a document of its days reopens: one that arrives late, is changed or taken away.
-- Closed is a month whose numbers were stored after it had ended. Statement triggers, as in kpi/sql/marks.sql; how the
-- change came is what accounts.services.acting() has set.

CREATE FUNCTION reopening_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- TG_ARGV[0]: the kind of document; TG_ARGV[1]: SELECT id, client_id, day FROM changed.
    source text := concat_ws(' UNION ',
        CASE WHEN TG_OP <> 'DELETE' THEN replace(TG_ARGV[1], 'changed', 'new_rows') END,
        CASE WHEN TG_OP <> 'INSERT' THEN replace(TG_ARGV[1], 'changed', 'old_rows') END);
BEGIN
    -- EXECUTE: planned for the size of this change (spec/stack.md §3).
    EXECUTE 'INSERT INTO reopenings_reopening AS r (month, kind, at, territory_id, documents, actor_id, way, reference)
             SELECT p.d0, $1, transaction_timestamp(), c.territory_id, count(DISTINCT d.id), $2, $3, $4
             FROM (' || source || ') d
             JOIN kpi_period p ON p.d0 = date_trunc(''month'', d.day)::date
                  AND p.d1 = (date_trunc(''month'', d.day) + interval ''1 month - 1 day'')::date AND p.computed_at::date > p.d1
             JOIN clients_client c ON c.id = d.client_id
             GROUP BY p.d0, c.territory_id
             ON CONFLICT (month, kind, at, territory_id) DO UPDATE SET documents = r.documents + excluded.documents'
        USING TG_ARGV[0], nullif(current_setting('app.actor', true), '')::bigint,
              coalesce(current_setting('app.way', true), ''), coalesce(current_setting('app.reference', true), '');
    RETURN NULL;
END $$;

CREATE FUNCTION reopening_note_on(tab regclass, kind text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER reopening_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION reopening_note(%L, %L)', tab, kind, query);
    EXECUTE format('CREATE TRIGGER reopening_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION reopening_note(%L, %L)', tab, kind, query);
    EXECUTE format('CREATE TRIGGER reopening_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION reopening_note(%L, %L)', tab, kind, query);
END $$;

SELECT reopening_note_on('sales_invoice', 'invoice', 'SELECT id, client_id, date AS day FROM changed');
-- A payment of an invoice without terms touches no metric.
SELECT reopening_note_on('sales_payment', 'payment',
    'SELECT p.id, i.client_id, p.paid_on AS day FROM changed p JOIN sales_invoice i ON i.id = p.invoice_id WHERE i.payment_terms_days > 0');
SELECT reopening_note_on('visits_visit', 'visit', 'SELECT id, client_id, planned_on AS day FROM changed');
SELECT reopening_note_on('visits_audit', 'audit', 'SELECT id, client_id, date AS day FROM changed');
SELECT reopening_note_on('visits_audititem', 'audit_item',
    'SELECT i.id, a.client_id, a.date AS day FROM changed i JOIN visits_audit a ON a.id = i.audit_id');
