-- Seals: the history in batches, each with the hash of its events and of the seal before, so that what is changed,
-- added or taken away afterwards is found (accounts/sql/verify.sql), whoever did it.
-- Which events are final is told in two steps. First the last id given out is noted, and then the number of the noting
-- transaction itself. Once all transactions with a lower number have ended, no event up to that id can still come: every
-- writer has its number before it takes an id. So writers are never locked out, and none is missed or sealed twice.
-- (The xmax of a snapshot won't do as that number: it is one past the last transaction that has *ended*.)

CREATE TABLE history_horizon (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_id bigint NOT NULL DEFAULT 0,                          -- events up to here are to be sealed next …
    before xid8 NOT NULL DEFAULT '0',                           -- … when all transactions before this one have ended
    noted_at timestamptz NOT NULL DEFAULT '-infinity',
    seals bigint NOT NULL DEFAULT 0                             -- written so far: the last ones can't go unseen
);
INSERT INTO history_horizon DEFAULT VALUES;

-- By columns, so that a column added later leaves old seals true; nothing here depends on a session's settings.
CREATE FUNCTION history_event_hash(e history_event) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(ROW(e.id, extract(epoch FROM e.at), e."table", e.row_id, e.operation, e.actor_id, e.way,
                             e.reference, e.ip, e.database_user, e.old, e.new)::text, 'UTF8'));

-- The hash of a seal whose predecessor has the hash `before`.
CREATE FUNCTION history_seal_hash(s history_seal, before bytea) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(before || s.events_hash
              || convert_to(ROW(s.id, extract(epoch FROM s.closed_at), s.last_id, s.events)::text, 'UTF8'));

-- Seals what is final, at most 200,000 events a call, and returns how many. The application's role may call it, which
-- can do no harm: what is sealed follows from the events alone.
CREATE FUNCTION seal_history() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    size CONSTANT integer := 10000;
    given bigint;  -- the last id given out
    horizon history_horizon;
    seal history_seal;
    previous bytea;
    sealed bigint := 0;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'sealing needs to see what is committed meanwhile: isolation read committed';
    END IF;
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'sealing needs a transaction of its own';
    END IF;
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO given FROM history_event_id_seq;
    SELECT * INTO horizon FROM history_horizon FOR UPDATE SKIP LOCKED;  -- gives this transaction its number
    IF NOT FOUND THEN
        RETURN 0;  -- somebody else is at it
    END IF;
    -- A number from the future comes from the server that this database was restored from: note anew.
    IF horizon.before <= pg_current_xact_id() THEN
        IF pg_snapshot_xmin(pg_current_snapshot()) < horizon.before THEN
            RETURN 0;
        END IF;
        SELECT s.* INTO seal FROM history_seal s ORDER BY s.id DESC LIMIT 1;
        seal.last_id := coalesce(seal.last_id, 0);
        FOR turn IN 1..20 LOOP
            previous := coalesce(seal.hash, '');
            SELECT count(*), sha256(string_agg(history_event_hash(e), '' ORDER BY e.id)),
                   CASE WHEN count(*) < size THEN horizon.last_id ELSE max(e.id) END
            INTO seal.events, seal.events_hash, seal.last_id
            FROM (SELECT * FROM history_event h WHERE h.id > seal.last_id AND h.id <= horizon.last_id
                  ORDER BY h.id LIMIT size) e;
            EXIT WHEN seal.events = 0;
            seal.id := coalesce(seal.id, 0) + 1;
            seal.closed_at := horizon.noted_at;
            seal.hash := history_seal_hash(seal, previous);
            INSERT INTO history_seal SELECT seal.*;
            UPDATE history_horizon SET seals = seal.id;
            sealed := sealed + seal.events;
        END LOOP;
        IF seal.events > 0 AND seal.last_id < horizon.last_id THEN
            RETURN sealed;  -- there is more up to this horizon
        END IF;
    END IF;
    UPDATE history_horizon SET last_id = given, before = pg_current_xact_id(), noted_at = clock_timestamp()
    WHERE last_id < given OR before > pg_current_xact_id();
    RETURN sealed;
END $$;
