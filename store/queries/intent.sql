-- name: intent_insert
INSERT INTO intent (runtime_id, runtime, deployment, service, number, step, detail, session,
	opened_us)
VALUES (:runtime_id, :runtime, :deployment, :service, :number, :step, :detail,
	(SELECT session FROM node), :opened_us)
RETURNING id;

-- name: intent_close
DELETE FROM intent
WHERE id = :id;

-- name: intent_list
SELECT id, runtime_id, runtime, deployment, service, number, step, detail, session, opened_us
FROM intent
ORDER BY id;

-- name: intent_newest
SELECT coalesce(max(seq), 0) AS id
FROM sqlite_sequence
WHERE name = 'intent';
