-- Change requests and field rules are under history; what was asked is never rewritten, a decision never taken back.

CREATE FUNCTION change_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open'
       OR (OLD.client_id, OLD.field, OLD.old, OLD.new, OLD.author_id, OLD.at)
          IS DISTINCT FROM (NEW.client_id, NEW.field, NEW.old, NEW.new, NEW.author_id, NEW.at)
    THEN
        RAISE EXCEPTION 'change request % is decided once and never rewritten', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON clients_changerequest FOR EACH ROW EXECUTE FUNCTION change_request_guard();

SELECT history_keep('clients_changerequest');
SELECT history_keep('clients_fieldrule');
