-- Addresses that the slot had and that no instance has now, lowest first by their numbers.
-- name: address_of_slot
SELECT a.address
FROM address a JOIN deployment d ON d.id = a.deployment
WHERE a.runtime = :runtime AND d.name = :deployment AND a.service = :service
	AND a.number = :number AND NOT EXISTS (
		SELECT 1 FROM instance i WHERE i.runtime = a.runtime AND i.address = a.address);

-- Addresses that somebody had and that no instance has now.
-- name: address_unused
SELECT a.address
FROM address a
WHERE a.runtime = :runtime AND NOT EXISTS (
	SELECT 1 FROM instance i WHERE i.runtime = a.runtime AND i.address = a.address);

-- name: address_count
SELECT count(*) AS n
FROM address
WHERE runtime = :runtime;

-- name: address_known
SELECT EXISTS (SELECT 1 FROM address WHERE runtime = :runtime AND address = :address)
	OR EXISTS (SELECT 1 FROM instance WHERE runtime = :runtime AND address = :address) AS known;

-- name: address_put
INSERT INTO address (runtime, address, deployment, service, number)
SELECT :runtime, :address, id, :service, :number
FROM deployment
WHERE name = :deployment
ON CONFLICT (runtime, address) DO UPDATE SET
	deployment = excluded.deployment, service = excluded.service, number = excluded.number;
