/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one load: the buffers it owns, what the parser has named so
 * far, and the first error. The kernel's kexec lock allows one at a time.
 */
#ifndef KB_JOB_H
#define KB_JOB_H

#include <linux/list.h>
#include <linux/types.h>

#include <kexec_bpf.h>
#include "pe.h"

struct kb_session;

/* Memory of vmalloc(): what is left over at the end becomes the kimage's. */
struct kb_buffer {
	struct list_head node;
	u8 *data;
	size_t size;
	bool tainted;		/* holds bytes that came out of BPF memory */
};

/* A run of bytes in a buffer: the image, the kernel, a piece of the initrd. */
struct kb_part {
	struct list_head node;	/* in kb_job.initrd */
	struct kb_buffer *buffer;
	size_t offset;
	size_t size;
	u64 image_offset;	/* for the report */
	u32 flags;		/* KEXEC_BPF_RESOURCE_* */
};

/* A section that the parser gave to its resource. */
struct kb_given {
	size_t offset;		/* of the last one */
	unsigned int count;
};

#define KB_GIVEN	3

struct kb_job {
	struct task_struct *task;
	struct kb_session *session;
	struct list_head buffers;

	/* This round's image. */
	struct kb_part image;
	struct kb_pe pe;
	bool is_pe;
	struct kb_given given[KB_GIVEN];	/* by the order in rules.c */

	struct kb_part kernel;	/* no buffer: not named */
	struct list_head initrd;
	/* The archive of added files that the next one may join (cpio.c). */
	struct kb_part *archive_end;	/* its trailer, when that is the last part */
	u32 archive_inode;
	char archive_dir[KEXEC_BPF_DST_DIR_BYTES];
	char *cmdline;		/* KEXEC_BPF_CMDLINE_MAX_BYTES, NUL-terminated */
	size_t cmdline_size;	/* without the NUL */

	bool locked_down;
	bool verified;		/* the kernel accepted the file's signature */
	int error;		/* the first one stays */
	struct kexec_bpf_report report;
};

struct kb_job *kb_job_new(struct kb_session *session);
void kb_job_free(struct kb_job *job);

/* Keeps the first error with its words, and returns the error of this call. */
__printf(3, 4)
int kb_job_fail(struct kb_job *job, int error, const char *format, ...);

/* Takes over memory of vmalloc(); on failure it is freed. */
struct kb_buffer *kb_job_adopt(struct kb_job *job, void *data, size_t size);
struct kb_buffer *kb_job_alloc(struct kb_job *job, size_t size);
void kb_job_drop(struct kb_job *job, struct kb_buffer *buffer);

/* Gives the memory away: the caller frees it. */
void *kb_job_release(struct kb_job *job, struct kb_buffer *buffer);

/* Frees the buffers that image, kernel and initrd do not use. */
void kb_job_sweep(struct kb_job *job);

static inline u8 *kb_part_data(const struct kb_part *part)
{
	return part->buffer->data + part->offset;
}

/* Must files that are added be signed, and a tainted kernel? */
static inline bool kb_job_enforces(const struct kb_job *job)
{
	return job->locked_down || job->verified;
}

#endif /* KB_JOB_H */
