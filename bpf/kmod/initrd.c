// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Joins the parts of the initrd. Each part starts at a multiple of 4 bytes, as
 * the kernel's unpacker requires (init/initramfs.c). Between two archives there
 * are at least 4 zero bytes: the kernel's lz4 decoder knows no end mark, takes
 * the next 4 bytes for the size of a chunk, and stops at a size of 0
 * (lib/decompress_unlz4.c).
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "initrd.h"

int kb_initrd_add(struct kb_job *job, const struct kb_part *part, enum kb_initrd_place place)
{
	struct kb_part *copy;

	if (!part->size)
		return 0;
	copy = kmemdup(part, sizeof(*part), GFP_KERNEL);
	if (!copy)
		return kb_job_fail(job, -ENOMEM, "out of memory");
	if (place == KB_INITRD_FRONT)
		list_add(&copy->node, &job->initrd);
	else
		list_add_tail(&copy->node, &job->initrd);
	return 0;
}

/* Returns the offset of a part that follows @at bytes of the joined initrd. */
static size_t kb_initrd_begin(size_t at, const struct kb_part *part)
{
	if (!at)
		return 0;
	if (!part->continues)
		at = size_add(at, KB_INITRD_GAP);
	return at > SIZE_MAX - KB_INITRD_ALIGN ? SIZE_MAX : ALIGN(at, KB_INITRD_ALIGN);
}

static size_t kb_initrd_size(const struct kb_job *job)
{
	const struct kb_part *part;
	size_t size = 0;

	/* Each part fits in memory, but parts may overlap: the sum may wrap. */
	list_for_each_entry(part, &job->initrd, node)
		size = size_add(kb_initrd_begin(size, part), part->size);
	return size;
}

struct kexec_bpf_resource kb_initrd_report(const struct kb_job *job)
{
	struct kexec_bpf_resource resource = { .size = kb_initrd_size(job) };
	const struct kb_part *part;

	list_for_each_entry(part, &job->initrd, node) {
		if (!resource.parts++)
			resource.offset = part->image_offset;
		resource.flags |= part->flags;
	}
	return resource;
}

static struct kb_part *kb_initrd_largest(struct kb_job *job)
{
	struct kb_part *part, *largest = NULL;

	list_for_each_entry(part, &job->initrd, node)
		if (!largest || part->size > largest->size)
			largest = part;
	return largest;
}

/* Returns the offset of @part in the joined initrd. */
static size_t kb_initrd_offset(const struct kb_job *job, const struct kb_part *part)
{
	const struct kb_part *at;
	size_t size = 0;

	list_for_each_entry(at, &job->initrd, node) {
		size = kb_initrd_begin(size, at);
		if (at == part)
			break;
		size += at->size;
	}
	return size;
}

static void kb_initrd_replace(struct kb_job *job, struct kb_buffer *buffer, size_t offset,
			      size_t size, u32 how)
{
	struct kexec_bpf_resource before = kb_initrd_report(job);
	struct kb_part *part, *next;

	list_for_each_entry_safe(part, next, &job->initrd, node)
		if (!list_is_first(&part->node, &job->initrd))
			kb_part_drop(part);
	part = list_first_entry(&job->initrd, struct kb_part, node);
	part->buffer = buffer;
	part->offset = offset;
	part->size = size;
	part->image_offset = before.offset;
	part->flags = before.flags | how;
	part->continues = false;
}

/* Pages of the joined initrd. Those of the largest part stay in place. */
struct kb_frame {
	u8 *body;		/* the first whole page of the largest part */
	size_t front, shared, back;	/* page counts: new, of the part, new */
	size_t start;		/* offset of the initrd in the first page */
};

static void kb_frame_put(struct page **pages, size_t count)
{
	while (count--)
		put_page(pages[count]);
	kvfree(pages);
}

static struct page **kb_frame_pages(const struct kb_frame *frame, size_t count)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	size_t i;

	for (i = 0; pages && i < count; i++) {
		size_t at = i - frame->front;

		if (i >= frame->front && at < frame->shared) {
			pages[i] = vmalloc_to_page(frame->body + at * PAGE_SIZE);
			get_page(pages[i]);
			continue;
		}
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
		if (!pages[i]) {
			kb_frame_put(pages, i);
			return NULL;
		}
	}
	return pages;
}

/*
 * Maps the whole pages of the largest part, usually the image's .initrd, a
 * second time, between new pages for everything else. So nothing large is
 * copied or moved, and nothing in the image is overwritten.
 */
static int kb_initrd_join_around(struct kb_job *job, const struct kb_part *largest, size_t size)
{
	u8 *data = kb_part_data(largest);
	size_t head = PTR_ALIGN(data, PAGE_SIZE) - data;
	size_t before = kb_initrd_offset(job, largest) + head;
	struct kb_frame frame = { .body = data + head };
	size_t shared, count, at = 0;
	struct kb_buffer *buffer;
	struct page **pages;
	struct kb_part *part;
	void *map;

	frame.shared = (largest->size - head) / PAGE_SIZE;
	shared = frame.shared * PAGE_SIZE;
	frame.front = DIV_ROUND_UP(before, PAGE_SIZE);
	frame.back = DIV_ROUND_UP(size - before - shared, PAGE_SIZE);
	frame.start = frame.front * PAGE_SIZE - before;
	count = frame.front + frame.shared + frame.back;

	pages = kb_frame_pages(&frame, count);
	if (!pages)
		return kb_job_fail(job, -ENOMEM, "out of memory");
	/* vfree() of the mapping puts the pages and frees the array. */
	map = vmap(pages, count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!map) {
		kb_frame_put(pages, count);
		return kb_job_fail(job, -ENOMEM, "out of memory");
	}
	buffer = kb_job_adopt(job, map, count * PAGE_SIZE, KB_PROOF_NONE);
	if (!buffer)
		return -ENOMEM;

	/* New pages are zeroed, so the padding is zero, too. */
	list_for_each_entry(part, &job->initrd, node) {
		size_t begin = kb_initrd_begin(at, part);
		u8 *to = buffer->data + frame.start + begin;

		if (part == largest) {
			size_t done = head + shared;

			memcpy(to, data, head);
			memcpy(to + done, data + done, largest->size - done);
		} else {
			memcpy(to, kb_part_data(part), part->size);
		}
		at = begin + part->size;
	}
	kb_initrd_replace(job, buffer, frame.start, size, KEXEC_BPF_RESOURCE_IN_PLACE);
	return 0;
}

static int kb_initrd_join_copy(struct kb_job *job, size_t size)
{
	struct kb_buffer *buffer = kb_job_alloc(job, size, KB_PROOF_NONE);
	struct kb_part *part;
	size_t at = 0;

	if (!buffer)
		return -ENOMEM;
	list_for_each_entry(part, &job->initrd, node) {
		size_t begin = kb_initrd_begin(at, part);

		memset(buffer->data + at, 0, begin - at);
		memcpy(buffer->data + begin, kb_part_data(part), part->size);
		at = begin + part->size;
	}
	kb_initrd_replace(job, buffer, 0, size, KEXEC_BPF_RESOURCE_COPIED);
	return 0;
}

int kb_initrd_join(struct kb_job *job)
{
	struct kb_part *largest;
	size_t size;

	if (list_empty(&job->initrd) || list_is_singular(&job->initrd))
		return 0;
	size = kb_initrd_size(job);
	if (size > INT_MAX)
		return kb_job_fail(job, -EFBIG, "the joined initrd is too large: %zu bytes", size);
	largest = kb_initrd_largest(job);
	/* Large enough to contain a whole page at any alignment. */
	if (largest->size >= 2 * PAGE_SIZE)
		return kb_initrd_join_around(job, largest, size);
	return kb_initrd_join_copy(job, size);
}
