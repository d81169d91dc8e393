-- Targets are under history: who set which, and what stood there before.
SELECT history_keep('targets_target');
