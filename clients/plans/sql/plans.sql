-- Plans are under history: who planned what, and every move of a stage.
SELECT history_keep('plans_plan', 'stage_at');
