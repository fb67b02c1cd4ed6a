-- name: node_load
SELECT node_id, epoch, session, created_us, accept
FROM node;

-- name: node_insert
INSERT INTO node (one, node_id, epoch, session, created_us, accept)
VALUES (1, :node_id, 1, 0, :created_us, :accept);

-- name: node_save
UPDATE node SET node_id = :node_id, epoch = :epoch, session = :session, accept = :accept;

-- name: boot_load
SELECT boot_id, seen_us
FROM runtime_boot
WHERE runtime = :runtime;

-- name: boot_save
INSERT INTO runtime_boot (runtime, boot_id, seen_us)
VALUES (:runtime, :boot_id, :seen_us)
ON CONFLICT (runtime) DO UPDATE SET boot_id = excluded.boot_id, seen_us = excluded.seen_us;
