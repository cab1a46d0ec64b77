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
	size_t end;	/* with its padding; may be after the last byte */
	bool early;	/* its name is one that the kernel looks for at its start */
};

/* Returns whether the next kernel looks for a file of this name at its start. */
bool kb_newc_is_early(const char *name);

/*
 * Reads the member at @at. Returns 0, -EAGAIN (its name may be after the last
 * byte), or -EBADMSG.
 */
int kb_newc_member(const struct kb_bytes *bytes, size_t at, struct kb_member *member);

/* Follows archives while they are written to a sink. Begins with only @bytes set. */
struct kb_newc {
	struct kb_bytes bytes;
	size_t at;	/* where the next member or zeros begin; may be after the last byte */
	bool any;	/* there was a member */
	bool early;	/* the last one has an early name */
};

/*
 * Follows the archives as far as they are written. Returns 0, or -EBADMSG: this
 * is no archive, or a file in it has an early name.
 */
int kb_newc_follow(struct kb_newc *newc);

/*
 * Returns whether all bytes were followed and are whole archives, as the kernel
 * demands it of what it has decompressed.
 */
bool kb_newc_whole(const struct kb_newc *newc);

#endif /* KB_NEWC_H */
