-- name: orphan_save
INSERT INTO orphan (runtime, runtime_id, kinds, sightings, first_us, last_us, state, since_us, tries,
	retry_us, reason)
VALUES (:runtime, :runtime_id, :kinds, :sightings, :first_us, :last_us, :state, :since_us, :tries,
	:retry_us, :reason)
ON CONFLICT (runtime, runtime_id) DO UPDATE SET
	kinds = excluded.kinds, sightings = excluded.sightings, first_us = excluded.first_us,
	last_us = excluded.last_us, state = excluded.state, since_us = excluded.since_us,
	tries = excluded.tries, retry_us = excluded.retry_us, reason = excluded.reason;

-- name: orphan_delete
DELETE FROM orphan
WHERE runtime = :runtime AND runtime_id = :runtime_id;

-- name: orphan_list
SELECT runtime, runtime_id, kinds, sightings, first_us, last_us, state, since_us, tries, retry_us,
	reason
FROM orphan
ORDER BY runtime, runtime_id;

-- name: orphan_find
SELECT runtime, runtime_id, kinds, sightings, first_us, last_us, state, since_us, tries, retry_us,
	reason
FROM orphan
WHERE runtime = :runtime AND runtime_id = :runtime_id;

-- name: orphan_restoring
SELECT runtime, runtime_id, kinds, sightings, first_us, last_us, state, since_us, tries, retry_us,
	reason
FROM orphan
WHERE runtime = :runtime AND state = 'restoring'
ORDER BY runtime_id;
