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

void kb_sink_open(struct kb_sink *sink, size_t limit, size_t before)
{
	*sink = (struct kb_sink) { .limit = limit, .before = before };
}

static void kb_sink_free_from(struct kb_sink *sink, size_t keep)
{
	while (sink->count > keep)
		__free_page(sink->pages[--sink->count]);
}

void kb_sink_close(struct kb_sink *sink)
{
	kb_sink_free_from(sink, 0);
	kvfree(sink->pages);
	sink->pages = NULL;
	sink->room = 0;
	sink->size = 0;
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
	size_t after = size_add(sink->size, size), taken = sink->count * PAGE_SIZE;
	size_t copy = size_add(sink->before, after);

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

/* Makes the array large enough for @count pages. */
static int kb_sink_room(struct kb_sink *sink, size_t count)
{
	size_t room = max(count, 2 * sink->room);
	struct page **pages;

	if (count <= sink->room)
		return 0;
	pages = kvmalloc_array(room, sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	memcpy(pages, sink->pages, sink->count * sizeof(*pages));
	kvfree(sink->pages);
	sink->pages = pages;
	sink->room = room;
	return 0;
}

static int kb_sink_grow(struct kb_sink *sink, size_t size)
{
	size_t wanted = DIV_ROUND_UP(size, PAGE_SIZE);

	if (kb_sink_room(sink, wanted))
		return -ENOMEM;
	while (sink->count < wanted) {
		struct page *page = alloc_page(KB_SINK_GFP);

		if (!page)
			return -ENOMEM;
		sink->pages[sink->count++] = page;
	}
	return 0;
}

int kb_sink_write(struct kb_sink *sink, const u8 *data, size_t size)
{
	int err = kb_sink_check(sink, size, 0);

	if (err)
		return err;
	if (kb_sink_grow(sink, sink->size + size))
		return kb_sink_no_memory(sink);
	while (size) {
		size_t offset = offset_in_page(sink->size);
		size_t bytes = min(size, PAGE_SIZE - offset);

		memcpy_to_page(sink->pages[sink->size / PAGE_SIZE], offset, data, bytes);
		sink->size += bytes;
		data += bytes;
		size -= bytes;
	}
	cond_resched();
	return 0;
}

int kb_sink_pad(struct kb_sink *sink, size_t size)
{
	return kb_sink_write(sink, page_address(ZERO_PAGE(0)), size);
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
