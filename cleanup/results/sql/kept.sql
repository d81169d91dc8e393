-- A final result stays as it is.
CREATE FUNCTION results_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM results_result WHERE campaign_id = OLD.campaign_id AND final) THEN
        RAISE EXCEPTION 'the result of this campaign is final' USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON results_outcome FOR EACH ROW EXECUTE FUNCTION results_kept();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON results_result FOR EACH ROW EXECUTE FUNCTION results_kept();
