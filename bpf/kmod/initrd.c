// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Joins the parts of the initrd. Each begins at a multiple of 4, with zeros
 * between, as the kernel's unpacker wants it (init/initramfs.c).
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "initrd.h"

#define KB_INITRD_ALIGN	4

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

void kb_initrd_drop(struct kb_part *part)
{
	list_del(&part->node);
	kfree(part);
}

void kb_initrd_clear(struct kb_job *job)
{
	struct kb_part *part, *next;

	list_for_each_entry_safe(part, next, &job->initrd, node)
		kb_initrd_drop(part);
}

static size_t kb_initrd_size(const struct kb_job *job)
{
	const struct kb_part *part;
	size_t size = 0;

	/* Parts are in memory or slices of it; their sum may still wrap. */
	list_for_each_entry(part, &job->initrd, node)
		size = size_add(ALIGN(size, KB_INITRD_ALIGN), part->size);
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

/* Where @part begins in the joined initrd. */
static size_t kb_initrd_offset(const struct kb_job *job, const struct kb_part *part)
{
	const struct kb_part *at;
	size_t size = 0;

	list_for_each_entry(at, &job->initrd, node) {
		size = ALIGN(size, KB_INITRD_ALIGN);
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
			kb_initrd_drop(part);
	part = list_first_entry(&job->initrd, struct kb_part, node);
	part->buffer = buffer;
	part->offset = offset;
	part->size = size;
	part->image_offset = before.offset;
	part->flags = before.flags | how;
}

/*
 * Where in the largest part's buffer all parts can be joined: nothing else is
 * needed of it but the kernel's own slice, because it is the kernel's private
 * copy of the file, and what is in it has been verified and parsed. Usually the
 * bytes behind the image's .initrd do. Else the kernel moves to the front, over
 * the stub, and the initrd behind it. Saves a second copy of the initrd.
 */
static ssize_t kb_initrd_place(struct kb_job *job, const struct kb_part *largest, size_t size)
{
	const struct kb_part *kernel = &job->kernel;
	bool shares = kernel->buffer == largest->buffer;
	size_t start;

	if (size <= largest->buffer->size - largest->offset &&
	    (!shares || kernel->offset + kernel->size <= largest->offset))
		return largest->offset;
	if (shares && kernel->offset + kernel->size > largest->offset)
		return -ENOSPC;
	start = shares ? ALIGN(kernel->size, KB_INITRD_ALIGN) : 0;
	if (start > largest->offset || size > largest->buffer->size - start)
		return -ENOSPC;
	return start;
}

static int kb_initrd_join_in_place(struct kb_job *job, struct kb_part *largest, size_t start,
				   size_t size)
{
	struct kb_buffer *buffer = largest->buffer;
	size_t lead = kb_initrd_offset(job, largest);
	struct kb_part *part;
	u8 *saved, *at;

	/* The small parts may lie where the large one goes: set them aside. */
	saved = kvmalloc(size - largest->size, GFP_KERNEL);
	if (!saved)
		return kb_job_fail(job, -ENOMEM, "out of memory");
	at = saved;
	list_for_each_entry(part, &job->initrd, node) {
		if (part == largest)
			continue;
		memcpy(at, kb_part_data(part), part->size);
		at += part->size;
	}
	if (start < largest->offset && job->kernel.buffer == buffer) {
		memmove(buffer->data, kb_part_data(&job->kernel), job->kernel.size);
		job->kernel.offset = 0;
	}
	memmove(buffer->data + start + lead, kb_part_data(largest), largest->size);

	at = saved;
	lead = 0;
	list_for_each_entry(part, &job->initrd, node) {
		size_t begin = ALIGN(lead, KB_INITRD_ALIGN);

		memset(buffer->data + start + lead, 0, begin - lead);
		if (part != largest) {
			memcpy(buffer->data + start + begin, at, part->size);
			at += part->size;
		}
		lead = begin + part->size;
	}
	kvfree(saved);
	kb_initrd_replace(job, buffer, start, size, KEXEC_BPF_RESOURCE_IN_PLACE);
	return 0;
}

static int kb_initrd_join_copy(struct kb_job *job, size_t size)
{
	struct kb_buffer *buffer = kb_job_alloc(job, size);
	struct kb_part *part;
	size_t at = 0;

	if (!buffer)
		return -ENOMEM;
	list_for_each_entry(part, &job->initrd, node) {
		size_t begin = ALIGN(at, KB_INITRD_ALIGN);

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
	ssize_t start;
	size_t size;

	if (list_empty(&job->initrd) || list_is_singular(&job->initrd))
		return 0;
	size = kb_initrd_size(job);
	if (size > INT_MAX)
		return kb_job_fail(job, -EFBIG, "the joined initrd has %zu bytes", size);
	largest = kb_initrd_largest(job);
	start = kb_initrd_place(job, largest, size);
	if (start >= 0)
		return kb_initrd_join_in_place(job, largest, start, size);
	return kb_initrd_join_copy(job, size);
}
