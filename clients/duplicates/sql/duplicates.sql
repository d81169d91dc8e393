-- What the search for duplicates is kept current by, and what may not be.

-- New clients, and those of which something changed that two cards of one outlet have in common.
CREATE FUNCTION duplicates_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- EXECUTE: planned for the size of this change (spec/stack.md §3).
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'INSERT INTO duplicates_unchecked SELECT id FROM new_rows ON CONFLICT DO NOTHING';
    ELSE
        EXECUTE 'INSERT INTO duplicates_unchecked SELECT n.id FROM new_rows n JOIN old_rows o USING (id)
                 WHERE (n.name, n.address, n.phone, n.email, n.lat, n.lon, n.counterparty_id, n.merged_into_id)
                       IS DISTINCT FROM (o.name, o.address, o.phone, o.email, o.lat, o.lon, o.counterparty_id, o.merged_into_id)
                 ON CONFLICT DO NOTHING';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER duplicates_insert AFTER INSERT ON clients_client REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION duplicates_mark();
CREATE TRIGGER duplicates_update AFTER UPDATE ON clients_client REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION duplicates_mark();
INSERT INTO duplicates_unchecked SELECT id FROM clients_client;

-- A survivor is no loser itself: pointers lead to living clients in one step, which loads rely on.
CREATE FUNCTION client_merged_in_one_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM clients_client WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)
       OR EXISTS (SELECT FROM clients_client WHERE merged_into_id = NEW.id) THEN
        RAISE EXCEPTION 'client % is merged into one that is merged itself', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER merged_in_one_step AFTER INSERT OR UPDATE OF merged_into_id ON clients_client
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION client_merged_in_one_step();

SELECT history_keep('duplicates_different');
SELECT history_keep('duplicates_merge', 'moved', 'filled');
