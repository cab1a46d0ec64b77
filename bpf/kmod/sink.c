// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages that grow with what is written to them. */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "job.h"
#include "sink.h"

/*
 * Must stay free for what else the load needs: the kernel's own segment, of
 * about 60 MiB, and a dictionary of xz, which is not larger (stream.c).
 */
#define KB_SINK_SPARE	SZ_64M

/* The pages of a load that is refused must not cost another process its life. */
#define KB_SINK_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

void kb_sink_open(struct kb_sink *sink, size_t limit, size_t others)
{
	*sink = (struct kb_sink) { .limit = limit, .others = others };
}

static void kb_sink_free_from(struct kb_sink *sink, size_t keep)
{
	while (sink->count > keep) {
		struct page **page = &sink->pages[--sink->count];

		if (!*page)
			continue;
		__free_page(*page);
		*page = NULL;
		sink->allocated--;
	}
}

void kb_sink_close(struct kb_sink *sink)
{
	kb_sink_free_from(sink, 0);
	kvfree(sink->pages);
	sink->pages = NULL;
	sink->room = 0;
	sink->size = 0;
	sink->hole = 0;
}

static int kb_sink_refuse(struct kb_sink *sink, int error)
{
	sink->error = error;
	return error;
}

int kb_sink_no_memory(struct kb_sink *sink)
{
	return kb_sink_refuse(sink, sink->error ?: -ENOMEM);
}

int kb_sink_check(struct kb_sink *sink, size_t size, size_t workspace)
{
	size_t after = size_add(sink->size - sink->hole, size);
	size_t taken = sink->allocated * PAGE_SIZE;
	size_t copy = size_add(sink->others, after);

	if (sink->error)
		return sink->error;
	if (fatal_signal_pending(current))
		return kb_sink_refuse(sink, -EINTR);
	if (after > sink->limit)
		return kb_sink_refuse(sink, -E2BIG);
	sink->takes = size_add(size_add(copy, max(after, taken)),
			       size_add(workspace, KB_SINK_SPARE));
	sink->free = max(si_mem_available(), 0L) * PAGE_SIZE + taken;
	return sink->takes > sink->free ? kb_sink_no_memory(sink) : 0;
}

/* Makes the array large enough for @count pages. New entries are NULL. */
static int kb_sink_room(struct kb_sink *sink, size_t count)
{
	size_t room = max(count, 2 * sink->room);
	struct page **pages;

	if (count <= sink->room)
		return 0;
	pages = kvcalloc(room, sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	memcpy(pages, sink->pages, sink->count * sizeof(*pages));
	kvfree(sink->pages);
	sink->pages = pages;
	sink->room = room;
	return 0;
}

/* Allocates the pages of @size bytes from @at on that there are not yet. */
static int kb_sink_grow(struct kb_sink *sink, size_t at, size_t size)
{
	size_t i, end = DIV_ROUND_UP(at + size, PAGE_SIZE);

	if (kb_sink_room(sink, end))
		return -ENOMEM;
	sink->count = max(sink->count, end);
	for (i = at / PAGE_SIZE; i < end; i++) {
		if (sink->pages[i])
			continue;
		sink->pages[i] = alloc_page(KB_SINK_GFP);
		if (!sink->pages[i])
			return -ENOMEM;
		sink->allocated++;
	}
	return 0;
}

static int kb_sink_copy(struct kb_sink *sink, size_t at, const u8 *data, size_t size)
{
	if (kb_sink_grow(sink, at, size))
		return kb_sink_no_memory(sink);
	while (size) {
		size_t offset = offset_in_page(at);
		size_t bytes = min(size, PAGE_SIZE - offset);

		memcpy_to_page(sink->pages[at / PAGE_SIZE], offset, data, bytes);
		at += bytes;
		data += bytes;
		size -= bytes;
	}
	cond_resched();
	return 0;
}

int kb_sink_write(struct kb_sink *sink, const u8 *data, size_t size)
{
	int err = kb_sink_check(sink, size, 0) ?: kb_sink_copy(sink, sink->size, data, size);

	if (!err)
		sink->size += size;
	return err;
}

int kb_sink_pad(struct kb_sink *sink, size_t size)
{
	return kb_sink_write(sink, page_address(ZERO_PAGE(0)), size);
}

void kb_sink_leave_out(struct kb_sink *sink, size_t size)
{
	sink->hole_at = sink->size;
	sink->hole = size;
	sink->size += size;
}

int kb_sink_fill(struct kb_sink *sink, const u8 *data)
{
	size_t size = sink->hole;
	int err = kb_sink_check(sink, size, 0) ?: kb_sink_copy(sink, sink->hole_at, data, size);

	if (!err)
		sink->hole = 0;
	return err;
}

void kb_sink_read(const struct kb_sink *sink, size_t at, u8 *to, size_t size)
{
	while (size) {
		size_t offset = offset_in_page(at);
		size_t bytes = min(size, PAGE_SIZE - offset);

		memcpy_from_page(to, sink->pages[at / PAGE_SIZE], offset, bytes);
		at += bytes;
		to += bytes;
		size -= bytes;
	}
}

void kb_sink_cut(struct kb_sink *sink, size_t size)
{
	sink->size = size;
	if (size <= sink->hole_at)
		sink->hole = 0;
	kb_sink_free_from(sink, DIV_ROUND_UP(size, PAGE_SIZE));
}

struct kb_buffer *kb_sink_finish(struct kb_sink *sink, struct kb_job *job)
{
	size_t bytes = sink->count * PAGE_SIZE;
	/* vfree() of the mapping puts the pages and frees the array. */
	void *map = vmap(sink->pages, sink->count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);

	if (!map) {
		kb_job_fail(job, -ENOMEM, "out of memory");
		kb_sink_close(sink);
		return NULL;
	}
	sink->pages = NULL;
	sink->count = 0;
	sink->room = 0;
	return kb_job_adopt(job, map, bytes, KB_PROOF_NONE);
}
