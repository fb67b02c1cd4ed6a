-- name: deployment_find
SELECT id, name, coalesce(revision, 0) AS revision, wish, wish_by_person, wish_us, settings
FROM deployment
WHERE name = :name;

-- name: deployment_list
SELECT id, name, coalesce(revision, 0) AS revision, wish, wish_by_person, wish_us, settings
FROM deployment
ORDER BY name;

-- name: deployment_insert
INSERT INTO deployment (name, wish, wish_by_person, wish_us, settings)
VALUES (:name, 'present', 0, :now_us, '{}')
RETURNING id;

-- name: deployment_set_revision
UPDATE deployment
SET revision = :revision
WHERE id = :id;

-- name: deployment_set_wish
UPDATE deployment
SET wish = :wish, wish_by_person = :by_person, wish_us = :now_us
WHERE name = :name;

-- name: deployment_set_settings
UPDATE deployment
SET settings = :settings
WHERE name = :name;

-- name: revision_insert
INSERT INTO revision (deployment, number, digest, bytes, env, source, author, created_us)
SELECT :deployment, 1 + coalesce(max(number), 0), :digest, :bytes, :env, :source, :author,
	:created_us
FROM revision
WHERE deployment = :deployment
RETURNING number;

-- name: revision_find
SELECT r.number, r.digest, r.bytes, r.env, r.source, r.author, r.created_us
FROM deployment d JOIN revision r ON r.deployment = d.id
WHERE d.name = :name AND r.number = CASE :number WHEN 0 THEN d.revision ELSE :number END;

-- name: revision_same
SELECT r.number
FROM deployment d JOIN revision r ON r.deployment = d.id AND r.number = d.revision
WHERE d.id = :deployment AND r.digest = :digest AND r.env = :env;

-- Newest first; the bytes are left out.
-- name: revision_history
SELECT r.number, r.digest, r.source, r.author, r.created_us
FROM deployment d JOIN revision r ON r.deployment = d.id
WHERE d.name = :name
ORDER BY r.number DESC;

-- name: revision_prune
DELETE FROM revision
WHERE deployment = :deployment AND number <= :number - :keep;
