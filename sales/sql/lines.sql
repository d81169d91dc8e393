-- Lines are read by month: invoices come in date order, so a block range index finds a quarter at a thousandth of
-- a b-tree's size and cost.
CREATE INDEX line_date ON sales_line USING brin (date) WITH (pages_per_range = 32, autosummarize = on);

-- The reference of an invoice to its client, held for all rows of a statement at once. Clients are never deleted.
CREATE FUNCTION invoice_client_exists() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing bigint;
BEGIN
    EXECUTE 'SELECT n.client_id FROM new_rows n WHERE NOT EXISTS (SELECT FROM clients_client c WHERE c.id = n.client_id)'
        INTO missing;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'an invoice of client %, which does not exist', missing USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER client_exists_insert AFTER INSERT ON sales_invoice REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION invoice_client_exists();
CREATE TRIGGER client_exists_update AFTER UPDATE ON sales_invoice REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION invoice_client_exists();
