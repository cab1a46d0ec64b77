/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of one load: the buffers it owns, what the parser has named so far,
 * and the first error. The kernel's kexec lock allows one job at a time.
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

/* A vmalloc() buffer. Those that are left at the end become the kimage's. */
struct kb_buffer {
	struct list_head node;
	u8 *data;
	size_t size;
	unsigned int proof;	/* KB_PROOF_* */
};

/* A range of a buffer's bytes: the image, the kernel, a piece of the initrd. */
struct kb_part {
	struct list_head node;	/* in kb_job.initrd */
	struct kb_buffer *buffer;
	size_t offset;
	size_t size;
	u64 image_offset;	/* for the report */
	u32 flags;		/* KEXEC_BPF_RESOURCE_* */
	bool continues;		/* continues the archive of the previous part */
	bool early;		/* names a file that the next kernel looks for early */
	struct kb_buffer *unpacked;	/* to replace the part (unpack.c); or NULL */
	size_t unpacked_size;
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

	struct kb_part kernel;	/* no buffer: not named yet */
	struct list_head initrd;
	/* The archive of added files that the next file can join (cpio.c). */
	struct kb_part *archive_end;	/* its trailer, if the last part */
	u32 archive_inode;
	char archive_dir[KEXEC_BPF_DST_DIR_BYTES];
	char *cmdline;		/* KEXEC_BPF_CMDLINE_MAX_BYTES, NUL-terminated */
	size_t cmdline_size;	/* without the NUL */

	bool locked_down;
	bool enforced;		/* by the module's parameter enforce */
	bool signed_only;		/* lockdown, or the image's signature was verified */
	/*
	 * Without lockdown, for the LSMs: made of pieces of the image that are
	 * not its sections.
	 */
	bool odd_kernel;
	bool odd_initrd;
	ktime_t deadline;	/* for waiting and for the parsers' run time */
	u32 slow_calls;		/* calls whose time does not count: kfuncs.c */
	int error;		/* the first one stays */
	struct kexec_bpf_report *report;
};

/* Returns a new job, or NULL. The caller's report must outlive it. */
struct kb_job *kb_job_new(struct kb_session *session, struct kexec_bpf_report *report);
void kb_job_free(struct kb_job *job);

/* Records the error and its text if it is the load's first. Returns @error. */
__printf(3, 4)
int kb_job_fail(struct kb_job *job, int error, const char *format, ...);

/* Takes ownership of vmalloc() memory, which is freed on failure. */
struct kb_buffer *kb_job_adopt(struct kb_job *job, void *data, size_t size, unsigned int proof);
struct kb_buffer *kb_job_alloc(struct kb_job *job, size_t size, unsigned int proof);
void kb_job_drop(struct kb_job *job, struct kb_buffer *buffer);

/* Releases the buffer's memory from the job: the caller must free it. */
void *kb_job_release(struct kb_job *job, struct kb_buffer *buffer);

/* Frees the buffers that neither image nor kernel nor initrd uses. */
void kb_job_sweep(struct kb_job *job);

/* Removes a part from the initrd's list and frees it, but not its buffer. */
void kb_part_drop(struct kb_part *part);

static inline u8 *kb_part_data(const struct kb_part *part)
{
	return part->buffer->data + part->offset;
}

#endif /* KB_JOB_H */
