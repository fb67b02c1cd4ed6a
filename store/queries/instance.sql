-- name: instance_save
INSERT INTO instance (runtime_id, deployment, service, number, generation, runtime, program,
	program_path, program_version, state, pid, start_time, boot_id, config_hash, image, digest,
	address, exit_code, created_us, started_us, finished_us, since_us)
SELECT :runtime_id, id, :service, :number, :generation, :runtime, :program,
	:program_path, :program_version, :state, :pid, :start_time, :boot_id, :config_hash, :image,
	:digest, :address, :exit_code, :created_us, :started_us, :finished_us, :now_us
FROM deployment
WHERE name = :deployment
ON CONFLICT (runtime_id) DO UPDATE SET
	program = excluded.program, program_path = excluded.program_path,
	program_version = excluded.program_version,
	since_us = CASE WHEN state = excluded.state THEN since_us ELSE excluded.since_us END,
	state = excluded.state, pid = excluded.pid, start_time = excluded.start_time,
	boot_id = excluded.boot_id, config_hash = excluded.config_hash, image = excluded.image,
	digest = excluded.digest, address = excluded.address, exit_code = excluded.exit_code,
	created_us = excluded.created_us, started_us = excluded.started_us,
	finished_us = excluded.finished_us
WHERE runtime = excluded.runtime;

-- name: instance_delete
DELETE FROM instance
WHERE runtime_id = :runtime_id;

-- name: instance_find
SELECT i.runtime_id, d.name AS deployment, i.service, i.number, i.generation, i.runtime, i.program,
	i.program_path, i.program_version, i.state, i.pid, i.start_time, i.boot_id, i.config_hash,
	i.image, i.digest, i.address, i.exit_code, i.created_us, i.started_us, i.finished_us,
	i.since_us
FROM deployment d JOIN instance i ON i.deployment = d.id
WHERE i.runtime_id = :runtime_id;

-- name: instance_list
SELECT i.runtime_id, d.name AS deployment, i.service, i.number, i.generation, i.runtime, i.program,
	i.program_path, i.program_version, i.state, i.pid, i.start_time, i.boot_id, i.config_hash,
	i.image, i.digest, i.address, i.exit_code, i.created_us, i.started_us, i.finished_us,
	i.since_us
FROM deployment d JOIN instance i ON i.deployment = d.id
WHERE d.name = :deployment
ORDER BY i.service, i.number, i.generation;

-- name: instance_list_all
SELECT i.runtime_id, d.name AS deployment, i.service, i.number, i.generation, i.runtime, i.program,
	i.program_path, i.program_version, i.state, i.pid, i.start_time, i.boot_id, i.config_hash,
	i.image, i.digest, i.address, i.exit_code, i.created_us, i.started_us, i.finished_us,
	i.since_us
FROM deployment d JOIN instance i ON i.deployment = d.id
ORDER BY d.name COLLATE BINARY, i.service, i.number, i.generation;
