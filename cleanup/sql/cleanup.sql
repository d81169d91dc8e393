-- What of the clean-up may not be: changing what was asked, said, decided or applied. And its history.

-- A frozen version of a questionnaire stays as it was asked.
CREATE FUNCTION version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND EXISTS (SELECT FROM cleanup_version WHERE id = OLD.version_id AND frozen_at IS NOT NULL)
       OR TG_OP <> 'DELETE' AND EXISTS (SELECT FROM cleanup_version WHERE id = NEW.version_id AND frozen_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a campaign asks this version of the questionnaire: it stays as it is'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON cleanup_section FOR EACH ROW EXECUTE FUNCTION version_frozen();
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON cleanup_question FOR EACH ROW EXECUTE FUNCTION version_frozen();

CREATE FUNCTION version_stays_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.frozen_at IS NOT NULL AND (TG_OP = 'DELETE' OR NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'a campaign asks this version of the questionnaire: it stays as it is'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON cleanup_version FOR EACH ROW EXECUTE FUNCTION version_stays_frozen();

-- Said, decided, applied: written once.
CREATE FUNCTION cleanup_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER once BEFORE UPDATE OR DELETE ON cleanup_answer FOR EACH ROW EXECUTE FUNCTION cleanup_written_once();
CREATE TRIGGER once BEFORE UPDATE OR DELETE ON cleanup_photo FOR EACH ROW EXECUTE FUNCTION cleanup_written_once();
CREATE TRIGGER once BEFORE UPDATE OR DELETE ON cleanup_decision FOR EACH ROW EXECUTE FUNCTION cleanup_written_once();
CREATE TRIGGER once BEFORE UPDATE OR DELETE ON cleanup_applied FOR EACH ROW EXECUTE FUNCTION cleanup_written_once();

SELECT history_keep('cleanup_questionnaire');
SELECT history_keep('cleanup_version');
SELECT history_keep('cleanup_section');
SELECT history_keep('cleanup_question');
SELECT history_keep('cleanup_campaign', 'prefill_job_id');
SELECT history_keep('cleanup_answer');
SELECT history_keep('cleanup_photo');
SELECT history_keep('cleanup_decision');
SELECT history_keep('cleanup_applied');
