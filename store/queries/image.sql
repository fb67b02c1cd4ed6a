-- name: image_save
INSERT INTO resolved_image (reference, digest, os, arch, os_version, resolved_us)
VALUES (:reference, :digest, :os, :arch, :os_version, :resolved_us)
ON CONFLICT (reference) DO UPDATE SET digest = excluded.digest, os = excluded.os,
	arch = excluded.arch, os_version = excluded.os_version, resolved_us = excluded.resolved_us;

-- name: image_find
SELECT reference, digest, os, arch, os_version, resolved_us
FROM resolved_image
WHERE reference = :reference;

-- name: image_find_digest
SELECT reference, digest, os, arch, os_version, resolved_us
FROM resolved_image
WHERE digest = :digest
ORDER BY resolved_us DESC, reference
LIMIT 1;

-- name: image_list
SELECT reference, digest, os, arch, os_version, resolved_us
FROM resolved_image
ORDER BY reference;

-- name: image_delete
DELETE FROM resolved_image
WHERE reference = :reference;
