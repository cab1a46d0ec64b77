// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of init/initramfs.c: members start at multiples of 4, counted from
 * the start of the initrd or of what was decompressed; zeros may be between
 * them; a trailer is a member like others.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "newc.h"
#include "sink.h"

#define KB_NEWC_HEADER	110
#define KB_NEWC_MAGIC	6

/* Numbers of the fields after the magic, of 8 hexadecimal digits each. */
#define KB_NEWC_MODE	1
#define KB_NEWC_SIZE	6
#define KB_NEWC_NAME	11

/*
 * Microcode and ACPI tables are in these directories. The kernel looks for them
 * before it unpacks anything (find_cpio_data()), up to the first compressed
 * byte. Nothing that it did not find there may appear by unpacking.
 */
#define KB_NEWC_EARLY	"kernel/"

bool kb_newc_is_early(const char *name)
{
	return !strncmp(name, KB_NEWC_EARLY, strlen(KB_NEWC_EARLY));
}

static void kb_bytes_read(const struct kb_bytes *bytes, size_t at, u8 *to, size_t size)
{
	if (bytes->flat)
		memcpy(to, bytes->flat + at, size);
	else
		kb_sink_read(bytes->sink, bytes->start + at, to, size);
}

static int kb_newc_field(const u8 *header, int number, u32 *value)
{
	const u8 *digits = header + KB_NEWC_MAGIC + 8 * number;
	u8 bytes[4];

	if (hex2bin(bytes, digits, sizeof(bytes)))
		return -EBADMSG;
	*value = (u32)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return 0;
}

int kb_newc_member(const struct kb_bytes *bytes, size_t at, struct kb_member *member)
{
	u8 header[KB_NEWC_HEADER], last;
	char name[sizeof(KB_NEWC_EARLY)] = {};
	u32 mode, body_size, name_size;
	size_t left = bytes->size - at;

	if (left < KB_NEWC_MAGIC)
		return -EAGAIN;
	kb_bytes_read(bytes, at, header, min(left, sizeof(header)));
	if (memcmp(header, "070701", KB_NEWC_MAGIC) && memcmp(header, "070702", KB_NEWC_MAGIC))
		return -EBADMSG;
	if (left < KB_NEWC_HEADER)
		return -EAGAIN;
	if (kb_newc_field(header, KB_NEWC_MODE, &mode) ||
	    kb_newc_field(header, KB_NEWC_SIZE, &body_size) ||
	    kb_newc_field(header, KB_NEWC_NAME, &name_size))
		return -EBADMSG;
	if (!name_size || name_size > PATH_MAX)
		return -EBADMSG;
	/* The kernel loses its place after other members with contents. */
	if (body_size && !S_ISREG(mode) && !(S_ISLNK(mode) && body_size <= PATH_MAX))
		return -EBADMSG;

	if (left < KB_NEWC_HEADER + name_size)
		return -EAGAIN;
	member->end = at + ALIGN(KB_NEWC_HEADER + name_size, 4) + ALIGN((size_t)body_size, 4);
	at += KB_NEWC_HEADER;
	kb_bytes_read(bytes, at + name_size - 1, &last, 1);
	if (last)
		return -EBADMSG;
	kb_bytes_read(bytes, at, (u8 *)name, min_t(size_t, name_size, sizeof(name) - 1));
	member->early = kb_newc_is_early(name);
	return 0;
}

/* Returns the offset of the first byte from @at on that is not 0, or the size. */
static size_t kb_newc_next(const struct kb_bytes *bytes, size_t at)
{
	u8 some[64];

	while (at < bytes->size) {
		size_t size = min(bytes->size - at, sizeof(some));
		const u8 *other;

		kb_bytes_read(bytes, at, some, size);
		other = memchr_inv(some, 0, size);
		if (other)
			return at + (other - some);
		at += size;
		cond_resched();
	}
	return at;
}

int kb_newc_follow(struct kb_newc *newc)
{
	const struct kb_bytes *bytes = &newc->bytes;
	struct kb_member member;
	int err;

	while (newc->at < bytes->size) {
		if (newc->any)
			newc->at = kb_newc_next(bytes, newc->at);
		if (newc->at == bytes->size)
			break;
		err = newc->at % 4 ? -EBADMSG : kb_newc_member(bytes, newc->at, &member);
		if (err)
			return err == -EAGAIN ? 0 : err;
		newc->any = true;
		newc->at = member.end;
		newc->early = member.early;
		if (member.early)
			return -EBADMSG;
		cond_resched();
	}
	return 0;
}

bool kb_newc_whole(const struct kb_newc *newc)
{
	return newc->any && newc->at == newc->bytes.size;
}
