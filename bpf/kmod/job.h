/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one load is made of: the buffers it owns, what the parser has named so
 * far, and the first error. The kernel's kexec lock allows one at a time.
 */
#ifndef KB_JOB_H
#define KB_JOB_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>

#include <kexec_bpf.h>
#include "pe.h"
#include "proof.h"
#include "uki.h"

struct kb_session;

/* Memory of vmalloc(): what is left over at the end becomes the kimage's. */
struct kb_buffer {
	struct list_head node;
	u8 *data;
	size_t size;
	unsigned int proof;	/* KB_PROOF_* */
};

/* A run of bytes in a buffer: the image, the kernel, a piece of the initrd. */
struct kb_part {
	struct list_head node;	/* in kb_job.initrd */
	struct kb_buffer *buffer;
	size_t offset;
	size_t size;
	u64 image_offset;	/* for the report */
	u32 flags;		/* KEXEC_BPF_RESOURCE_* */
	bool continues;		/* the archive of the part before it */
};

struct kb_job {
	struct task_struct *task;
	struct kb_session *session;
	struct list_head buffers;

	/* This round's image. */
	struct kb_part image;
	struct kb_pe pe;
	bool is_pe;
	struct kb_given given[KB_PURPOSES];

	struct kb_part kernel;	/* no buffer: not named */
	struct list_head initrd;
	/* The archive of added files that the next one may join (cpio.c). */
	struct kb_part *archive_end;	/* its trailer, when that is the last part */
	u32 archive_inode;
	char archive_dir[KEXEC_BPF_DST_DIR_BYTES];
	char *cmdline;		/* KEXEC_BPF_CMDLINE_MAX_BYTES, NUL-terminated */
	size_t cmdline_size;	/* without the NUL */

	bool locked_down;
	bool enforced;		/* by the module's parameter */
	bool signed_only;		/* lockdown, or the image's signature was verified */
	/* Made of other pieces of the image than its sections, without lockdown. */
	bool odd_kernel;
	bool odd_initrd;
	ktime_t deadline;	/* for the waits and the parsers' own time */
	u32 slow_calls;		/* whose time does not count: see kfuncs.c */
	int error;		/* the first one stays */
	struct kexec_bpf_report *report;
};

/* The report is the caller's, and outlives the job. */
struct kb_job *kb_job_new(struct kb_session *session, struct kexec_bpf_report *report);
void kb_job_free(struct kb_job *job);

/* Keeps the first error with its words, and returns the error of this call. */
__printf(3, 4)
int kb_job_fail(struct kb_job *job, int error, const char *format, ...);

/* Takes over memory of vmalloc(); on failure it is freed. */
struct kb_buffer *kb_job_adopt(struct kb_job *job, void *data, size_t size, unsigned int proof);
struct kb_buffer *kb_job_alloc(struct kb_job *job, size_t size, unsigned int proof);
void kb_job_drop(struct kb_job *job, struct kb_buffer *buffer);

/* Gives the memory away: the caller frees it. */
void *kb_job_release(struct kb_job *job, struct kb_buffer *buffer);

/* Frees the buffers that image, kernel and initrd do not use. */
void kb_job_sweep(struct kb_job *job);

/* Takes a part out of the initrd's list. */
void kb_part_drop(struct kb_part *part);

static inline u8 *kb_part_data(const struct kb_part *part)
{
	return part->buffer->data + part->offset;
}

#endif /* KB_JOB_H */
