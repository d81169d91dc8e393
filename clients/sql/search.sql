-- What is searched in, and what mistyped words are held against (docs/decisions/041-search.md).

-- A name as it is sorted and as a search begins it: small letters, ё as е, no signs, no legal forms.
CREATE FUNCTION client_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(regexp_replace(replace(lower(name), 'ё', 'е'), '[^[:alnum:]]+', ' ', 'g'),
                            '\m(ооо|оао|зао|пао|нао|ао|ип|чп|тд|тоо|llc|ltd)\M ?', '', 'g'));

-- All that a client is found by, with a blank before each word, so that the beginning of a word can be asked for.
CREATE FUNCTION client_search_text(code text, name text, address text, phone text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ' ' || regexp_replace(replace(lower(code || ' ' || name || ' ' || address), 'ё', 'е'), '[«»"“”„''`(),;]+', ' ', 'g')
    || ' ' || regexp_replace(phone, '\D', '', 'g');

ALTER TABLE clients_client
    ALTER COLUMN search SET EXPRESSION AS (client_search_text(code, name, address, phone)),
    ALTER COLUMN name_sort SET EXPRESSION AS (client_name_key(name));

CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;
CREATE INDEX word_similar ON clients_word USING gin (word gin_trgm_ops);

-- The words of a text that can be mistyped: four letters or more.
CREATE FUNCTION client_words(text text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_split_to_table(replace(lower(text), 'ё', 'е'), '[^[:alpha:]]+');

-- Those of a client that is new or has changed its name or address; in one order, so that two at once do not lock.
CREATE FUNCTION client_keep_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO clients_word (word)
    SELECT DISTINCT word FROM new_rows, client_words(name || ' ' || address) word
    WHERE length(word) BETWEEN 4 AND 64 AND NOT EXISTS (SELECT FROM clients_word known WHERE known.word = word.word)
    ORDER BY 1 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_words AFTER INSERT ON clients_client REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION client_keep_words();

CREATE FUNCTION client_keep_changed_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO clients_word (word)
    SELECT DISTINCT word FROM client_words(NEW.name || ' ' || NEW.address) word
    WHERE length(word) BETWEEN 4 AND 64 ORDER BY 1 ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_words_changed AFTER UPDATE OF name, address ON clients_client FOR EACH ROW
    WHEN ((OLD.name, OLD.address) IS DISTINCT FROM (NEW.name, NEW.address)) EXECUTE FUNCTION client_keep_changed_words();

INSERT INTO clients_word (word)
SELECT DISTINCT word FROM clients_client, client_words(name || ' ' || address) word WHERE length(word) BETWEEN 4 AND 64;
