/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Security descriptors in text (SDDL), as layers of the first years have them, to the bytes NTFS
 * takes. Pure. What depends on a domain, on attributes or on objects of a directory is refused:
 * files of an image have nothing of it.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/**
 * winlayer_sddl_parse() - append the self-relative descriptor of @text
 *
 * Return: 0; -ERR_INVALID for a text that is none; -ERR_UNSUPPORTED; -ERR_LIMIT. @ret is as it was
 *         after a failure.
 */
int winlayer_sddl_parse(const char *text, struct buf *ret, struct error *err);

/** winlayer_sddl_check() - are these bytes a self-relative descriptor, with all parts inside? */
bool winlayer_sddl_check(const void *p, size_t n);
