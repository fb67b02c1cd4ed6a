-- The newest event of a slot, when it says the same and is recent: it is counted, not repeated.
-- name: event_repeat
UPDATE event
SET count = count + 1, last_us = :at_us, runtime_id = :runtime_id
WHERE seq = (SELECT max(seq) FROM event WHERE deployment IS :deployment
		AND service IS :service AND number IS :number)
	AND kind = :kind AND message = :message AND level = :level AND by_person = :by_person
	AND last_us BETWEEN :since_us AND :at_us;

-- name: event_insert
INSERT INTO event (first_us, last_us, count, level, kind, deployment, service, number, runtime_id,
	message, by_person)
VALUES (:at_us, :at_us, 1, :level, :kind, :deployment, :service, :number, :runtime_id, :message,
	:by_person)
RETURNING seq;

-- name: event_trim
DELETE FROM event
WHERE seq <= :seq - :keep;

-- The newest ones that fit, oldest of them first; one that was counted is as new as its last time.
-- An event that is more than a minute older than the one before it was written after the clock had
-- been set back: a new era, which is newer than all before, whatever times they had.
-- name: event_list
SELECT seq, first_us, last_us, count, level, kind, deployment, service, number, runtime_id,
	message, by_person
FROM (SELECT *, sum(is_set_back) OVER (ORDER BY seq) AS era
	FROM (SELECT *, first_us < lag(first_us, 1, 0) OVER (ORDER BY seq) - 60000000 AS is_set_back
		FROM event
		WHERE seq > :after
			AND (:deployment IS NULL OR deployment = :deployment COLLATE NOCASE)
			AND (:service IS NULL OR service = :service))
	ORDER BY era DESC, last_us DESC, seq DESC LIMIT :limit)
ORDER BY era, last_us, seq;
