-- Overrides are under history; what the rules derive meanwhile is no event of its own.
SELECT history_keep('overrides_categoryoverride', 'derived');
