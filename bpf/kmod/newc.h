/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads newc archives as the next kernel's unpacker does. */
#ifndef KB_NEWC_H
#define KB_NEWC_H

#include <linux/types.h>

struct kb_sink;

/* Bytes in memory or, if @flat is NULL, those that @sink has from @start. */
struct kb_bytes {
	const u8 *flat;
	const struct kb_sink *sink;
	size_t start;
	size_t size;
};

struct kb_member {
	size_t end;	/* with its padding */
	bool early;	/* its name is one that the kernel looks for at its start */
};

/* Returns whether the next kernel looks for a file of this name at its start. */
bool kb_newc_is_early(const char *name);

/* Reads the member at @at. Returns 0, or -EBADMSG if there is no whole one. */
int kb_newc_member(const struct kb_bytes *bytes, size_t at, struct kb_member *member);

/*
 * Returns whether the bytes are nothing but whole archives, as the kernel
 * demands it of what it has decompressed; and in @early, whether a member has
 * an early name.
 */
bool kb_newc_whole(const struct kb_bytes *bytes, bool *early);

#endif /* KB_NEWC_H */
