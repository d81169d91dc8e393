-- A person's setting is under history; what was sent is a log of the job.
SELECT history_keep('digests_digestsetting');
