-- name: service_insert
INSERT INTO service (deployment, name)
SELECT id, :service
FROM deployment
WHERE name = :deployment
ON CONFLICT (deployment, name) DO NOTHING;

-- A generation only grows: what is saved from an older look never lowers it.
-- name: slot_save
INSERT INTO slot (deployment, service, number, generation, held, restarts, fails,
	retry_boot_id, retry_boot_us, retry_wall_us, retry_len_us, exit_code, done_hash, health,
	fault, reason, hint, restart_upto, healed, fights, fight_since_us)
SELECT id, :service, :number, :generation, :held, :restarts, :fails, :retry_boot_id,
	:retry_boot_us, :retry_wall_us, :retry_len_us, :exit_code, :done_hash, 'unknown', :fault,
	:reason, :hint, :restart_upto, :healed, :fights, :fight_since_us
FROM deployment
WHERE name = :deployment
ON CONFLICT (deployment, service, number) DO UPDATE SET
	generation = max(generation, excluded.generation), held = excluded.held,
	restarts = excluded.restarts, fails = excluded.fails,
	retry_boot_id = excluded.retry_boot_id, retry_boot_us = excluded.retry_boot_us,
	retry_wall_us = excluded.retry_wall_us, retry_len_us = excluded.retry_len_us,
	exit_code = excluded.exit_code, done_hash = excluded.done_hash, fault = excluded.fault,
	reason = excluded.reason, hint = excluded.hint, restart_upto = excluded.restart_upto,
	healed = excluded.healed, fights = excluded.fights,
	fight_since_us = excluded.fight_since_us;

-- name: slot_list
SELECT d.name AS deployment, s.service, s.number, s.generation, s.held, s.restarts, s.fails,
	s.retry_boot_id, s.retry_boot_us, s.retry_wall_us, s.retry_len_us, s.exit_code,
	s.done_hash, s.fault, s.reason, s.hint, s.restart_upto, s.healed, s.fights,
	s.fight_since_us
FROM deployment d JOIN slot s ON s.deployment = d.id
WHERE d.name = :deployment
ORDER BY s.service, s.number;

-- name: slot_list_all
SELECT d.name AS deployment, s.service, s.number, s.generation, s.held, s.restarts, s.fails,
	s.retry_boot_id, s.retry_boot_us, s.retry_wall_us, s.retry_len_us, s.exit_code,
	s.done_hash, s.fault, s.reason, s.hint, s.restart_upto, s.healed, s.fights,
	s.fight_since_us
FROM deployment d JOIN slot s ON s.deployment = d.id
ORDER BY d.name COLLATE BINARY, s.service, s.number;

-- The next generation of a slot: one above its counter and above what was seen outside.
-- name: slot_next_generation
INSERT INTO slot (deployment, service, number, generation, held, restarts, fails, health)
SELECT id, :service, :number, :seen + 1, 0, 0, 0, 'unknown'
FROM deployment
WHERE name = :deployment
ON CONFLICT (deployment, service, number) DO UPDATE SET
	generation = max(generation + 1, excluded.generation)
RETURNING generation;

-- name: slot_raise
INSERT INTO slot (deployment, service, number, generation, held, restarts, fails, health)
SELECT id, :service, :number, :generation, 0, 0, 0, 'unknown'
FROM deployment
WHERE name = :deployment
ON CONFLICT (deployment, service, number) DO UPDATE SET
	generation = max(generation, excluded.generation);

-- name: slot_forget_done
UPDATE slot
SET done_hash = NULL
WHERE deployment = (SELECT id FROM deployment WHERE name = :deployment);
