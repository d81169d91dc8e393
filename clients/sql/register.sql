-- What the register keeps by itself: versions, former placements, history; and the search index.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX client_search ON clients_client USING gin (search gin_trgm_ops);

-- Optimistic locking: raised by every change of what people edit, not by what jobs derive.
CREATE FUNCTION client_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version;
    IF (OLD.code, OLD.name, OLD.territory_id, OLD.channel_id, OLD.counterparty_id, OLD.address, OLD.lat, OLD.lon, OLD.phone,
        OLD.email, OLD.is_target, OLD.opened_on, OLD.closed_on, OLD.potential_monthly, OLD.lost_reason)
       IS DISTINCT FROM
       (NEW.code, NEW.name, NEW.territory_id, NEW.channel_id, NEW.counterparty_id, NEW.address, NEW.lat, NEW.lon, NEW.phone,
        NEW.email, NEW.is_target, NEW.opened_on, NEW.closed_on, NEW.potential_monthly, NEW.lost_reason)
    THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version BEFORE UPDATE ON clients_client FOR EACH ROW EXECUTE FUNCTION client_version();

-- The first move of a day keeps where the client was before that day.
CREATE FUNCTION client_keep_placement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO clients_placement (client_id, until, territory_id, channel_id)
    VALUES (OLD.id, current_date, OLD.territory_id, OLD.channel_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_placement AFTER UPDATE OF territory_id, channel_id ON clients_client
    FOR EACH ROW WHEN ((OLD.territory_id, OLD.channel_id) IS DISTINCT FROM (NEW.territory_id, NEW.channel_id))
    EXECUTE FUNCTION client_keep_placement();

SELECT history_keep('clients_client', 'version', 'search', 'name_sort', 'last_order_on');
SELECT history_keep('clients_contact');
SELECT history_keep('clients_counterparty');
SELECT history_keep('clients_contract');
SELECT history_keep('clients_channel');
