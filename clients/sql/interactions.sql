-- The history of contacts is part of the register's own history.
SELECT history_keep('clients_interaction');
