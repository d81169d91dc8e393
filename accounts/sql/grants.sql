-- The least rights of the application's role, run as owner after every migrate; {role}: its name.
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
-- History is the triggers' to write; the schema's own book is the owner's.
REVOKE INSERT, UPDATE, DELETE ON history_event, history_changeset, history_seal, history_horizon, django_migrations
    FROM {role};
REVOKE USAGE ON SEQUENCE history_event_id_seq FROM {role};
-- So are the notes on closed months.
REVOKE INSERT, UPDATE, DELETE ON reopenings_reopening FROM {role};
-- Nothing of the register is ever deleted (spec/product.md, rule 4).
REVOKE DELETE ON clients_client, clients_changerequest, clients_counterparty, clients_channel, sales_product,
    territories_territory, accounts_user FROM {role};
-- A load that fills a table refreshes its statistics at once: plans made without them take minutes.
GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role};
REVOKE MAINTAIN ON history_event, history_changeset, history_seal, history_horizon, django_migrations FROM {role};
-- What was said, decided and applied in a clean-up is kept for good.
REVOKE DELETE ON cleanup_answer, cleanup_photo, cleanup_decision, cleanup_applied, cleanup_campaign FROM {role};
