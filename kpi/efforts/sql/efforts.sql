-- The matrix of efforts is a setting that people change: under history.
SELECT history_keep('efforts_effortrule');
