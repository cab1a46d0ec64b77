/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages that the initrd is unpacked into. They grow with what is written,
 * because most formats do not state their unpacked size.
 */
#ifndef KB_SINK_H
#define KB_SINK_H

#include <linux/types.h>

struct kb_buffer;
struct kb_job;

struct kb_sink {
	struct page **pages;	/* NULL for those of which nothing was written */
	size_t room;		/* of the array, in pages */
	size_t count;		/* pages up to @size */
	size_t allocated;	/* of them */
	size_t size;		/* bytes, with the hole */
	size_t hole_at, hole;	/* bytes that were left out; or 0 */
	size_t limit;		/* most bytes */
	size_t others;		/* bytes of the rest of the initrd */
	/* The first refusal: -EINTR (killed), -E2BIG or -ENOMEM. */
	int error;
	/* Memory in bytes, at the last check. What was taken counts in both. */
	size_t takes, free;
};

/*
 * Prepares a sink for @limit bytes. The kernel copies the initrd once more when
 * it is complete. So what is written counts twice as memory, and the @others
 * bytes of the initrd, which are in memory already, count once.
 */
void kb_sink_open(struct kb_sink *sink, size_t limit, size_t others);

/* Frees the pages. Not needed after kb_sink_finish(). */
void kb_sink_close(struct kb_sink *sink);

/*
 * Checks that the thread has not been killed, and that there is memory for
 * @size more bytes and for @workspace bytes meanwhile. Returns 0, or records
 * the refusal and returns it.
 */
int kb_sink_check(struct kb_sink *sink, size_t size, size_t workspace);

/* Records that an allocation failed, and returns -ENOMEM. */
int kb_sink_no_memory(struct kb_sink *sink);

/* Appends bytes. Returns 0 or the refusal. */
int kb_sink_write(struct kb_sink *sink, const u8 *data, size_t size);

/* Appends zeros, less than a page of them. Returns 0 or the refusal. */
int kb_sink_pad(struct kb_sink *sink, size_t size);

/*
 * Leaves out @size bytes, which take no memory until kb_sink_fill() writes them.
 * There is at most one such hole, and it must be filled or cut off.
 */
void kb_sink_leave_out(struct kb_sink *sink, size_t size);

/* Writes the bytes that were left out, if any. Returns 0 or the refusal. */
int kb_sink_fill(struct kb_sink *sink, const u8 *data);

/* Copies bytes that were written before. */
void kb_sink_read(const struct kb_sink *sink, size_t at, u8 *to, size_t size);

/* Forgets everything after the first @size bytes. */
void kb_sink_cut(struct kb_sink *sink, size_t size);

/*
 * Makes a buffer of the job from what was written, without copying it. Returns
 * NULL if out of memory, which the job then records.
 */
struct kb_buffer *kb_sink_finish(struct kb_sink *sink, struct kb_job *job);

#endif /* KB_SINK_H */
