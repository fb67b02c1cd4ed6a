-- name: source_save
INSERT INTO source (path, watched, deployment, digest, problem, waits, gone_us)
VALUES (:path, :watched, :deployment, :digest, :problem, :waits, :gone_us)
ON CONFLICT (path) DO UPDATE SET
	watched = excluded.watched, deployment = excluded.deployment, digest = excluded.digest,
	problem = excluded.problem, waits = excluded.waits, gone_us = excluded.gone_us;

-- name: source_list
SELECT path, watched, deployment, digest, problem, waits, gone_us
FROM source
ORDER BY path;

-- name: source_delete
DELETE FROM source
WHERE path = :path;

-- name: approval_put
INSERT INTO approval (plan, approved_us)
VALUES (:plan, :approved_us)
ON CONFLICT (plan) DO NOTHING;

-- name: approval_find
SELECT EXISTS (SELECT 1 FROM approval WHERE plan = :plan) AS approved;

-- name: approval_clear
DELETE FROM approval;
