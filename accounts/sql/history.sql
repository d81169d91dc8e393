-- The history of the register (spec/product.md, rule 4), written by the database itself, so that bulk and
-- raw changes are caught; and rule 1: a write without a way set for its transaction is refused.
-- The way, actor, reference and address are set by accounts.services.acting(). May be run again: migrations do.

-- pg_temp last: otherwise it comes first, and a temporary table of the application's, named history_event, would get
-- the events. extra_float_digits: else a session could have coordinates rounded in what is kept.
CREATE OR REPLACE FUNCTION history_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET extra_float_digits = 1 AS $$
DECLARE
    -- Arguments of the trigger: columns whose change is no event (versions, derived dates).
    ignored text[] := coalesce(TG_ARGV, '{}');  -- without arguments TG_ARGV is NULL, and so would be what is kept
    way text := nullif(current_setting('app.way', true), '');
    actor bigint := nullif(current_setting('app.actor', true), '');
    reference text := coalesce(current_setting('app.reference', true), '');
    ip inet := nullif(current_setting('app.ip', true), '');
    secret CONSTANT text := 'password';  -- a column of this name: that it changed is kept, its values never
BEGIN
    IF way IS NULL THEN
        RAISE EXCEPTION 'table % is written through the services only: no way is set for this transaction', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF reference <> '' THEN
        INSERT INTO history_changeset (reference, at, actor_id, way, reverts)
        VALUES (reference, clock_timestamp(), actor, way, coalesce(current_setting('app.reverts', true), ''))
        ON CONFLICT DO NOTHING;
    END IF;
    -- EXECUTE plans anew each time: a cached plan of a small change takes minutes on a big one (spec/stack.md §3).
    IF TG_OP = 'INSERT' THEN
        EXECUTE 'INSERT INTO history_event (at, "table", row_id, operation, actor_id, way, reference, ip, database_user, new)
                 SELECT clock_timestamp(), $1, n.id, ''I'', $2, $3, $4, $5, session_user, jsonb_strip_nulls(to_jsonb(n) - $6 - $7)
                 FROM new_rows n'
            USING TG_TABLE_NAME, actor, way, reference, ip, ignored, secret;
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE 'INSERT INTO history_event (at, "table", row_id, operation, actor_id, way, reference, ip, database_user, old)
                 SELECT clock_timestamp(), $1, o.id, ''D'', $2, $3, $4, $5, session_user, jsonb_strip_nulls(to_jsonb(o) - $6 - $7)
                 FROM old_rows o'
            USING TG_TABLE_NAME, actor, way, reference, ip, ignored, secret;
    ELSE
        EXECUTE 'INSERT INTO history_event (at, "table", row_id, operation, actor_id, way, reference, ip, database_user, old, new)
                 SELECT clock_timestamp(), $1, n.id, ''U'', $2, $3, $4, $5, session_user, d.old, d.new
                 FROM new_rows n JOIN old_rows o USING (id)
                 CROSS JOIN LATERAL (
                     SELECT jsonb_object_agg(key, CASE WHEN key <> $7 THEN was.value END) AS old,
                            jsonb_object_agg(key, CASE WHEN key <> $7 THEN becomes.value END) AS new
                     FROM jsonb_each(to_jsonb(o) - $6) was JOIN jsonb_each(to_jsonb(n)) becomes USING (key)
                     WHERE was.value IS DISTINCT FROM becomes.value
                 ) d
                 WHERE d.new IS NOT NULL'
            USING TG_TABLE_NAME, actor, way, reference, ip, ignored, secret;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION history_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is never truncated', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Puts a table under history. `ignored`: the columns whose change is no event.
CREATE OR REPLACE FUNCTION history_keep(tab regclass, VARIADIC ignored text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    arguments text := (SELECT coalesce(string_agg(quote_literal(name), ', '), '') FROM unnest(ignored) name);
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER history_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION history_write(%s)', tab, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION history_write(%s)', tab, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION history_write(%s)', tab, arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_truncate BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION history_refuse_truncate()', tab);
END $$;

SELECT history_keep('accounts_user', 'last_login');
-- Who is in which group, for groups hold grants too.
SELECT history_keep('accounts_user_groups');
SELECT history_keep('auth_group');
