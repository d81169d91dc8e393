-- Phones that more than %(most)s clients have, as digits.
INSERT INTO cleanup_sharedphone (phone, clients)
SELECT cleanup_phone(phone), count(*) FROM clients_client
WHERE merged_into_id IS NULL AND closed_on IS NULL AND phone <> ''
GROUP BY 1 HAVING count(*) > %(most)s AND cleanup_phone(phone) <> ''
