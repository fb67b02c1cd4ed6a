/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What NTFS knows of a file beside its bytes, from the PAX records of its member: attributes,
 * times, security, extended attributes, where a link leads to. As go-winio writes them
 * (MSWINDOWS.*). Pure.
 */
#include "backends/winlayer_stream.h"
#include "backends/winlayer_tar.h"

/* Since 1601, in 100 ns, as NTFS counts; what is not said is the time of the last write. */
struct winlayer_meta {
	uint32_t attributes;
	int64_t created, accessed, written, changed;
};

/**
 * winlayer_meta_read() - attributes and times
 *
 * Return: 0; -ERR_INVALID for records that are no such values, or that contradict the member's
 *         kind. A hard link has none: it is the file it leads to.
 */
int winlayer_meta_read(const struct winlayer_member *m, struct winlayer_meta *ret,
		       struct error *err);

/** winlayer_meta_is_directory() - also a link to one */
bool winlayer_meta_is_directory(const struct winlayer_meta *m);

/**
 * winlayer_meta_streams() - append the parts that come before the data: security, extended
 *                           attributes, reparse point
 *
 * Return: 0; -ERR_INVALID; -ERR_LIMIT for what NTFS cannot hold.
 */
int winlayer_meta_streams(const struct winlayer_member *m, struct buf *out, struct error *err);
