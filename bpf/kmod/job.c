// SPDX-License-Identifier: GPL-2.0-or-later
/* The buffers of a load, and which of them are still needed. */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "job.h"

struct kb_job *kb_job_new(struct kb_session *session, struct kexec_bpf_report *report)
{
	struct kb_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	job->cmdline = kzalloc(KEXEC_BPF_CMDLINE_MAX_BYTES, GFP_KERNEL);
	if (!job->cmdline) {
		kfree(job);
		return NULL;
	}
	job->task = current;
	job->session = session;
	job->report = report;
	INIT_LIST_HEAD(&job->buffers);
	INIT_LIST_HEAD(&job->initrd);
	return job;
}

void kb_part_drop(struct kb_part *part)
{
	list_del(&part->node);
	kfree(part);
}

void kb_job_free(struct kb_job *job)
{
	struct kb_buffer *buffer, *next_buffer;
	struct kb_part *part, *next_part;

	list_for_each_entry_safe(part, next_part, &job->initrd, node)
		kb_part_drop(part);
	list_for_each_entry_safe(buffer, next_buffer, &job->buffers, node)
		kb_job_drop(job, buffer);
	kfree(job->cmdline);
	kfree(job);
}

int kb_job_fail(struct kb_job *job, int error, const char *format, ...)
{
	va_list args;

	if (job->error)
		return error;
	job->error = error;
	va_start(args, format);
	vscnprintf(job->report->reason, sizeof(job->report->reason), format, args);
	va_end(args);
	return error;
}

struct kb_buffer *kb_job_adopt(struct kb_job *job, void *data, size_t size, unsigned int proof)
{
	struct kb_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);

	if (!buffer) {
		vfree(data);
		kb_job_fail(job, -ENOMEM, "out of memory");
		return NULL;
	}
	buffer->data = data;
	buffer->size = size;
	buffer->proof = proof;
	list_add_tail(&buffer->node, &job->buffers);
	return buffer;
}

struct kb_buffer *kb_job_alloc(struct kb_job *job, size_t size, unsigned int proof)
{
	/*
	 * The report has the error, so the log needs no stack trace: neither
	 * for a failed allocation nor for one of 0 bytes, which vmalloc() warns
	 * about.
	 */
	void *data = __vmalloc(size ?: 1, GFP_KERNEL | __GFP_NOWARN);

	if (!data) {
		kb_job_fail(job, -ENOMEM, "out of memory: %zu bytes", size);
		return NULL;
	}
	return kb_job_adopt(job, data, size, proof);
}

void kb_job_drop(struct kb_job *job, struct kb_buffer *buffer)
{
	list_del(&buffer->node);
	vfree(buffer->data);
	kfree(buffer);
}

void *kb_job_release(struct kb_job *job, struct kb_buffer *buffer)
{
	void *data = buffer->data;

	list_del(&buffer->node);
	kfree(buffer);
	return data;
}

static bool kb_job_needs(const struct kb_job *job, const struct kb_buffer *buffer)
{
	const struct kb_part *part;

	if (job->image.buffer == buffer || job->kernel.buffer == buffer)
		return true;
	list_for_each_entry(part, &job->initrd, node)
		if (part->buffer == buffer)
			return true;
	return false;
}

void kb_job_sweep(struct kb_job *job)
{
	struct kb_buffer *buffer, *next;

	list_for_each_entry_safe(buffer, next, &job->buffers, node)
		if (!kb_job_needs(job, buffer))
			kb_job_drop(job, buffer);
}
