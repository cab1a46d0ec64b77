// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks the parts of the initrd as the next kernel will (unpack_to_rootfs() in
 * init/initramfs.c) and decompresses what that kernel would. Whatever it would
 * not, or would see in another way, stays as it is:
 *
 * - From the first stream on that no decoder takes, that is damaged, or that is
 *   anything but whole newc archives, everything stays: it may go on in later
 *   parts, and nothing more is decompressed in vain. The kernel aligns archives
 *   to 4 bytes, and what follows one that is not compressed. So the rest begins
 *   at a multiple of 4, if need be with a stream before it.
 * - The same from an archive on that is damaged and not compressed.
 * - Files that the kernel looks for before it unpacks anything are found only
 *   before the first compressed byte, and stay where they were found or not.
 *
 * The module's own archives, of added files, are spread over several parts.
 * They are not compressed, and only their names matter here.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "initrd.h"
#include "job.h"
#include "newc.h"
#include "sink.h"
#include "stream.h"
#include "unpack.h"

struct kb_unpack {
	struct kb_job *job;
	enum kexec_bpf_unpack result;
	size_t size;		/* of all parts: unpacked so far, and the rest as it is */
	size_t unpacked;	/* of that, in new buffers */
	bool any;		/* an archive was decompressed */
	bool after_newc;	/* the archive before @at is not compressed */
	bool over;		/* no further part may be */
	bool undo;		/* nothing should have been; then @over is set, too */

	/* The part that is walked. */
	const u8 *data;
	size_t end;
	size_t at;		/* everything before was walked */
	size_t from;		/* everything before was written, or was zeros */
	bool changed;		/* an archive of it was decompressed */
	struct kb_sink sink;
	struct kb_decoder decoder;
	/* The state at the last stream that began at a multiple of 4 bytes. */
	struct {
		size_t at;
		size_t written;
		bool changed, any;
	} mark;
};

/* Notes why everything from here on stays as it is, and returns 0. */
static int kb_unpack_leave(struct kb_unpack *u, enum kexec_bpf_unpack why)
{
	u->over = true;
	u->result = why;
	return 0;
}

/*
 * Stops at an archive that is not compressed, for @why. All further parts stay
 * as they are, because what the kernel takes for its members may go on in them.
 * If something before it was decompressed, the kernel would now find this
 * archive when it looks for early files: then the whole initrd stays.
 */
static int kb_unpack_end(struct kb_unpack *u, enum kexec_bpf_unpack why)
{
	u->undo = u->any;
	return kb_unpack_leave(u, why);
}

/* Writes the zeros before the next archive. */
static int kb_unpack_gap(struct kb_unpack *u)
{
	size_t done = u->sink.size, begin = ALIGN(done, KB_INITRD_ALIGN) + KB_INITRD_GAP;

	return done ? kb_sink_pad(&u->sink, begin - done) : 0;
}

/* Writes the rest of the part, which stays as it is. */
static int kb_unpack_rest(struct kb_unpack *u)
{
	if (u->from == u->end)
		return 0;
	return kb_unpack_gap(u) ?: kb_sink_write(&u->sink, u->data + u->from, u->end - u->from);
}

/* Remembers the state before the stream at @at, as if the bytes before it were written. */
static void kb_unpack_mark(struct kb_unpack *u, size_t written)
{
	u->mark.at = u->at;
	u->mark.written = written;
	u->mark.changed = u->changed;
	u->mark.any = u->any;
}

/* Leaves the streams since the mark as they are, too. */
static void kb_unpack_return(struct kb_unpack *u)
{
	kb_sink_cut(&u->sink, u->mark.written);
	u->from = u->mark.at;
	u->changed = u->mark.changed;
	u->any = u->mark.any;
}

/*
 * Walks one member of an archive that is not compressed. Returns 1, or 0 (it
 * stays as it is).
 */
static int kb_unpack_member(struct kb_unpack *u)
{
	const struct kb_bytes bytes = { .flat = u->data, .size = u->end };
	struct kb_member member;

	if (kb_newc_member(&bytes, u->at, &member) || member.end > u->end)
		return kb_unpack_end(u, KEXEC_BPF_UNPACK_DAMAGED);
	if (member.early && u->any)
		return kb_unpack_end(u, KEXEC_BPF_UNPACK_EARLY);
	u->at = member.end;
	u->after_newc = true;
	return 1;
}

/* Writes what is before the stream that was decompressed, and goes on after it. */
static int kb_unpack_accept(struct kb_unpack *u, size_t before, size_t took)
{
	int err = kb_sink_fill(&u->sink, u->data + u->from);

	if (err)
		return err;
	if (IS_ALIGNED(u->at, KB_INITRD_ALIGN))
		kb_unpack_mark(u, before);
	u->at += took;
	u->from = u->at;
	u->changed = true;
	u->any = true;
	return 1;
}

/*
 * Decompresses one stream. What is before it and not compressed is copied only
 * when the stream proves to be good. Returns 1, 0 (it stays as it is), or the
 * refusal of the sink.
 */
static int kb_unpack_stream(struct kb_unpack *u)
{
	struct kb_newc newc = { .bytes.sink = &u->sink };
	size_t written = u->sink.size, before;
	ssize_t took;
	int err = 0;

	u->after_newc = false;
	if (!kb_stream_knows(u->data + u->at, u->end - u->at))
		return kb_unpack_leave(u, KEXEC_BPF_UNPACK_FORMAT);
	if (u->from < u->at) {
		err = kb_unpack_gap(u);
		kb_sink_leave_out(&u->sink, u->at - u->from);
	}
	before = u->sink.size;
	err = err ?: kb_unpack_gap(u);
	if (err)
		return err;
	newc.bytes.start = u->sink.size;
	took = kb_stream(&u->decoder, u->data + u->at, u->end - u->at, &u->sink, &newc);
	if (u->sink.error)
		return u->sink.error;
	if (took > 0 && kb_newc_whole(&newc))
		return kb_unpack_accept(u, before, took);
	kb_sink_cut(&u->sink, written);
	if (newc.early)
		return kb_unpack_leave(u, KEXEC_BPF_UNPACK_EARLY);
	return kb_unpack_leave(u, took == -EOPNOTSUPP ? KEXEC_BPF_UNPACK_FORMAT :
			       KEXEC_BPF_UNPACK_DAMAGED);
}

/* Walks the part as far as possible. Returns 0 or a refusal. */
static int kb_unpack_walk(struct kb_unpack *u)
{
	int ret = 1;

	while (ret > 0 && u->at < u->end) {
		const u8 *next = memchr_inv(u->data + u->at, 0, u->end - u->at);

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		u->at = next ? next - u->data : u->end;
		if (!u->after_newc)
			u->from = u->at;
		if (!next)
			return 0;
		if (IS_ALIGNED(u->at, KB_INITRD_ALIGN))
			ret = *next == '0' ? kb_unpack_member(u) : kb_unpack_stream(u);
		else if (!u->after_newc)
			ret = kb_unpack_stream(u);
		else
			ret = kb_unpack_end(u, KEXEC_BPF_UNPACK_DAMAGED);
	}
	return ret < 0 ? ret : 0;
}

/* Records why the load is refused. */
static int kb_unpack_refuse(struct kb_unpack *u, int err)
{
	size_t takes_mib = DIV_ROUND_UP(u->sink.takes, SZ_1M), free_mib = u->sink.free / SZ_1M;

	if (err == -EINTR)
		return kb_job_fail(u->job, err, "killed while the initrd was unpacked");
	if (err == -E2BIG)
		return kb_job_fail(u->job, err, "unpacking the initrd takes more than %d MiB",
				   KEXEC_BPF_OUTPUT_MAX_BYTES / SZ_1M);
	if (takes_mib <= free_mib)
		return kb_job_fail(u->job, err, "out of memory after %zu bytes of unpacked initrd",
				   u->sink.size);
	return kb_job_fail(u->job, err,
			   "unpacking the initrd takes at least %zu MiB, and %zu MiB are free",
			   takes_mib, free_mib);
}

/*
 * Returns whether the kernel would refuse the part, which stays as it is, after
 * an archive that is no longer compressed: zeros put its start between
 * multiples of 4.
 */
static bool kb_unpack_misplaced(const struct kb_unpack *u)
{
	const u8 *first = memchr_inv(u->data, 0, u->end);

	return u->any && !u->changed && first && !IS_ALIGNED(first - u->data, KB_INITRD_ALIGN);
}

/* Decompresses what it can of a part into a buffer beside it. */
static int kb_unpack_part(struct kb_unpack *u, struct kb_part *part)
{
	int err;

	u->data = kb_part_data(part);
	u->end = part->size;
	u->at = 0;
	u->from = 0;
	u->changed = false;
	kb_sink_open(&u->sink, KEXEC_BPF_OUTPUT_MAX_BYTES - u->unpacked, u->size - part->size);
	kb_unpack_mark(u, 0);
	err = kb_unpack_walk(u);
	if (!err && u->from < u->end && !IS_ALIGNED(u->from, KB_INITRD_ALIGN))
		kb_unpack_return(u);
	if (!err && kb_unpack_misplaced(u))
		u->undo = true;
	if (!err && u->changed && !u->undo)
		err = kb_unpack_rest(u);
	if (err)
		kb_unpack_refuse(u, err);
	if (err || !u->changed || u->undo) {
		kb_sink_close(&u->sink);
		return err;
	}
	part->unpacked_size = u->sink.size;
	u->size = size_add(u->size - part->size, u->sink.size);
	u->unpacked += u->sink.size;
	part->unpacked = kb_sink_finish(&u->sink, u->job);
	return part->unpacked ? 0 : -ENOMEM;
}

/* Returns whether the part is, or has a piece of, one of the module's archives. */
static bool kb_unpack_made_here(const struct kb_job *job, const struct kb_part *part)
{
	return part->continues ||
	       (!list_is_last(&part->node, &job->initrd) && list_next_entry(part, node)->continues);
}

static void kb_unpack_replace(struct kb_part *part)
{
	part->buffer = part->unpacked;
	part->offset = 0;
	part->size = part->unpacked_size;
	part->flags |= KEXEC_BPF_RESOURCE_UNPACKED;
	part->unpacked = NULL;
}

/* Unpacks the parts into buffers beside them. Returns 0 or a refusal. */
static int kb_unpack_parts(struct kb_unpack *u)
{
	struct kb_job *job = u->job;
	struct kb_part *part;
	int err = 0;

	list_for_each_entry(part, &job->initrd, node) {
		if (err || u->over)
			break;
		if (kb_unpack_made_here(job, part)) {
			u->after_newc = true;
			if (part->early && u->any)
				kb_unpack_end(u, KEXEC_BPF_UNPACK_EARLY);
			continue;
		}
		err = kb_unpack_part(u, part);
	}
	kb_decoder_close(&u->decoder);
	return err;
}

int kb_unpack_initrd(struct kb_job *job)
{
	size_t packed_size = kb_initrd_report(job).size;
	struct kb_unpack u = {
		.job = job, .result = KEXEC_BPF_UNPACK_ALL, .size = packed_size,
	};
	struct kb_part *part;
	int err = kb_unpack_parts(&u);

	if (err)
		return err;
	list_for_each_entry(part, &job->initrd, node) {
		if (part->unpacked && !u.undo)
			kb_unpack_replace(part);
		part->unpacked = NULL;
	}
	kb_job_sweep(job);
	job->report->unpack = u.result;
	job->report->packed_size = packed_size;
	return 0;
}
