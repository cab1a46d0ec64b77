// SPDX-License-Identifier: GPL-2.0-or-later
/* The kfuncs that a parser calls, as include/kexec_bpf.h documents them. */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kexec_bpf.h>
#include "addon.h"
#include "cmdline.h"
#include "cpio.h"
#include "decompress.h"
#include "handshake.h"
#include "initrd.h"
#include "kfuncs.h"
#include "parser.h"
#include "rules.h"
#include "session.h"

/* Calls that read files or decompress slices, whose time does not count. */
#define KB_SLOW_CALLS_MAX	(2 * KEXEC_BPF_ADDONS_MAX)

static int kb_call(struct kb_job **caller)
{
	struct kb_job *job = kb_parser_job();

	if (!job)
		return -EPERM;
	*caller = job;
	job->report->round[job->report->rounds - 1].calls++;
	/*
	 * A running program cannot be stopped, but its calls can be refused:
	 * once the load has failed, and once nobody waits for it.
	 */
	if (job->error)
		return job->error;
	if (fatal_signal_pending(current))
		return kb_job_fail(job, -EINTR, "killed while the parser was running");
	if (ktime_after(ktime_get(), job->deadline))
		return kb_job_fail(job, -ETIMEDOUT, "the parser was still running after %u ms",
				   job->session->timeout_ms);
	return 0;
}

static int kb_slow_call(struct kb_job **caller)
{
	int err = kb_call(caller);

	if (!err && (*caller)->slow_calls++ >= KB_SLOW_CALLS_MAX)
		err = kb_job_fail(*caller, -E2BIG,
				  "the parser asked for files and slices more than %d times",
				  KB_SLOW_CALLS_MAX);
	return err;
}

/* Extends the deadline by what the disk or the decoder took. */
static void kb_slow_done(struct kb_job *job, ktime_t start)
{
	job->deadline = ktime_add(job->deadline, ktime_sub(ktime_get(), start));
}

static int kb_slice_check(struct kb_job *job, const char *target, u64 offset, u64 size)
{
	if (offset <= job->image.size && size <= job->image.size - offset)
		return 0;
	return kb_job_fail(job, -ERANGE, "%.64s: slice %llu+%llu is outside the image of %zu bytes",
			   target, offset, size, job->image.size);
}

static struct kb_part kb_slice(const struct kb_job *job, u64 offset, u64 size)
{
	return (struct kb_part) {
		.buffer = job->image.buffer,
		.offset = job->image.offset + offset,
		.size = size,
		.image_offset = offset,
		.flags = KEXEC_BPF_RESOURCE_SLICE,
	};
}

/* The kernel looks for microcode only at the front of the initrd. */
static enum kb_initrd_place kb_place(const struct kb_job *job, const struct kb_part *part)
{
	bool microcode = part->flags & KEXEC_BPF_RESOURCE_SLICE && job->is_pe &&
			 kb_uki_is_microcode(&job->pe, part->image_offset, part->size);

	return microcode ? KB_INITRD_FRONT : KB_INITRD_BACK;
}

/* Gives a part to a resource: the kernel is set, the others grow. */
static int kb_give(struct kb_job *job, const char *resource, struct kb_part part)
{
	if (part.buffer->proof == KB_PROOF_NONE)
		part.flags |= KEXEC_BPF_RESOURCE_TAINTED;
	if (!strcmp(resource, KEXEC_BPF_KERNEL)) {
		if (job->kernel.buffer)
			return kb_job_fail(job, -EEXIST, "the parser named the kernel twice");
		if (!part.size)
			return kb_job_fail(job, -ENOEXEC, "the parser named an empty kernel");
		job->kernel = part;
		return 0;
	}
	if (!strcmp(resource, KEXEC_BPF_INITRD))
		return kb_initrd_add(job, &part, kb_place(job, &part));
	if (!strcmp(resource, KEXEC_BPF_CMDLINE))
		return kb_cmdline_add(job, kb_part_data(&part), part.size);
	return kb_job_fail(job, -ENOENT, "%.64s: no such resource", resource);
}

static int kb_carry_out(struct kb_job *job, const char *resource, const void *buf, u32 size)
{
	struct kb_buffer *buffer;
	int err = kb_rules_carrier(job, resource);

	if (err || !size)
		return err;
	buffer = kb_job_alloc(job, size, KB_PROOF_NONE);
	if (!buffer)
		return -ENOMEM;
	memcpy(buffer->data, buf, size);
	return kb_give(job, resource, (struct kb_part) { .buffer = buffer, .size = size });
}

static int kb_carry_in(struct kb_job *job, const char *resource, u8 *buf, u32 size)
{
	const struct kb_part *part = NULL;
	u32 done = 0;

	if (!strcmp(resource, KEXEC_BPF_CMDLINE)) {
		done = min_t(size_t, size, job->cmdline_size);
		memcpy(buf, job->cmdline, done);
		return done;
	}
	if (!strcmp(resource, KEXEC_BPF_INITRD)) {
		list_for_each_entry(part, &job->initrd, node) {
			u32 bytes = min_t(size_t, size - done, part->size);

			memcpy(buf + done, kb_part_data(part), bytes);
			done += bytes;
		}
		return done;
	}
	if (!strcmp(resource, KEXEC_BPF_IMAGE))
		part = &job->image;
	else if (!strcmp(resource, KEXEC_BPF_KERNEL) && job->kernel.buffer)
		part = &job->kernel;
	if (!part)
		return kb_job_fail(job, -ENOENT, "%.64s: no such resource, or not named yet",
				   resource);
	done = min_t(size_t, size, part->size);
	memcpy(buf, kb_part_data(part), done);
	return done;
}

static int kb_decompress_slice(struct kb_job *job, const char *resource, u64 offset, u64 size,
			       u64 max_out)
{
	struct kb_part slice = kb_slice(job, offset, size), part = {};
	ssize_t out;

	if (!max_out || max_out > KEXEC_BPF_OUTPUT_MAX_BYTES)
		return kb_job_fail(job, -E2BIG, "%.64s: cannot decompress to %llu bytes, limit %d",
				   resource, max_out, KEXEC_BPF_OUTPUT_MAX_BYTES);
	part.buffer = kb_job_alloc(job, max_out, slice.buffer->proof);
	if (!part.buffer)
		return -ENOMEM;
	out = kb_decompress(kb_part_data(&slice), size, part.buffer->data, max_out);
	if (out < 0) {
		kb_job_drop(job, part.buffer);
		return kb_job_fail(job, out, "%.64s: cannot be decompressed (%zd)", resource, out);
	}
	part.size = out;
	part.image_offset = offset;
	part.flags = KEXEC_BPF_RESOURCE_DECOMPRESSED;
	return kb_give(job, resource, part);
}

/* Copies a string that user space may change meanwhile, as in a map. */
static char *kb_string(struct kb_job *job, const char *string, u32 size)
{
	char *copy = kmalloc(size + 1, GFP_KERNEL);

	if (!copy) {
		kb_job_fail(job, -ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(copy, string, size);
	copy[size] = '\0';
	return copy;
}

/*
 * Decompresses from a copy to a copy: the program's memory may be a map that
 * user space writes to meanwhile, which decoders do not expect.
 */
static int kb_decompress_copy(struct kb_job *job, const void *src, u32 src_size, void *dst,
			      u32 dst_size)
{
	struct kb_buffer *in = kb_job_alloc(job, src_size, KB_PROOF_NONE), *out = NULL;
	ssize_t size = -ENOMEM;

	if (in)
		out = kb_job_alloc(job, dst_size, KB_PROOF_NONE);
	if (out) {
		memcpy(in->data, src, src_size);
		size = kb_decompress(in->data, src_size, out->data, dst_size);
		if (size > 0)
			memcpy(dst, out->data, size);
		kb_job_drop(job, out);
	}
	if (in)
		kb_job_drop(job, in);
	return size;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int bpf_helper_carrier(const char *resource_name__str, void *buf, u32 buf__sz, bool in)
{
	struct kb_job *job;
	int err = kb_call(&job);

	if (err)
		return err;
	return in == KEXEC_BPF_IN ? kb_carry_in(job, resource_name__str, buf, buf__sz) :
				    kb_carry_out(job, resource_name__str, buf, buf__sz);
}

__bpf_kfunc int bpf_helper_decompress(const void *src, u32 src__sz, void *dst, u32 dst__sz)
{
	struct kb_job *job;
	int err = kb_call(&job), out;

	if (err)
		return err;
	out = kb_decompress_copy(job, src, src__sz, dst, dst__sz);
	if (out < 0)
		return kb_job_fail(job, out, "the parser's data cannot be decompressed (%d)", out);
	return out;
}

__bpf_kfunc int bpf_helper_supplement_initrd(const char *dst_dir, u32 dst_dir__sz,
					     const char *addon_filename, u32 addon_filename__sz)
{
	struct kexec_bpf_report *report;
	struct kb_job *job;
	int err = kb_slow_call(&job), failed;
	ktime_t start = ktime_get();
	char *dir, *path;

	if (err)
		return err;
	/* Later rounds add nothing: their parsers see the same list. */
	report = job->report;
	if (report->rounds > 1)
		return 0;
	if (dst_dir__sz > KEXEC_BPF_DST_DIR_BYTES || addon_filename__sz > KEXEC_BPF_PATH_BYTES)
		return kb_job_fail(job, -ENAMETOOLONG,
				   "the parser gave an addon name that is too long");
	if (report->addons == KEXEC_BPF_ADDONS_MAX)
		return kb_job_fail(job, -E2BIG, "the parser gave more than %d addons",
				   KEXEC_BPF_ADDONS_MAX);
	err = -ENOMEM;
	dir = kb_string(job, dst_dir, dst_dir__sz);
	path = kb_string(job, addon_filename, addon_filename__sz);
	failed = job->error;
	if (dir && path)
		err = kb_addon_add(job, dir, path);
	if (!err)
		report->addons++;
	/* If this call caused the first error, report the addon. */
	if (!failed && job->error && dir && path) {
		strscpy(report->addon.dst_dir, dir, sizeof(report->addon.dst_dir));
		strscpy(report->addon.path, path, sizeof(report->addon.path));
	}
	kfree(path);
	kfree(dir);
	kb_slow_done(job, start);
	return err;
}

__bpf_kfunc int bpf_helper_read(u64 offset, void *buf, u32 buf__sz)
{
	struct kb_job *job;
	int err = kb_call(&job);

	if (!err && (offset > job->image.size || buf__sz > job->image.size - offset))
		err = -ERANGE;
	if (err)
		/* The program must not see old contents of memory. */
		memset(buf, 0, buf__sz);
	else
		memcpy(buf, kb_part_data(&job->image) + offset, buf__sz);
	return err;
}

__bpf_kfunc int bpf_helper_slice(const char *resource_name__str, u64 offset, u64 size)
{
	struct kb_job *job;
	int err;

	err = kb_call(&job) ?:
	      kb_slice_check(job, resource_name__str, offset, size) ?:
	      kb_rules_slice(job, resource_name__str, offset, size);
	return err ?: kb_give(job, resource_name__str, kb_slice(job, offset, size));
}

__bpf_kfunc int bpf_helper_decompress_slice(const char *resource_name__str, u64 offset, u64 size,
					    u64 max_out)
{
	ktime_t start = ktime_get();
	struct kb_job *job;
	int err;

	err = kb_slow_call(&job) ?:
	      kb_slice_check(job, resource_name__str, offset, size) ?:
	      kb_rules_slice(job, resource_name__str, offset, size) ?:
	      kb_rules_decompress(job, resource_name__str);
	if (err)
		return err;
	err = kb_decompress_slice(job, resource_name__str, offset, size, max_out);
	kb_slow_done(job, start);
	return err;
}

__bpf_kfunc int bpf_helper_supplement_slice(const char *dst_path__str, u64 offset, u64 size)
{
	struct kb_part part;
	struct kb_job *job;
	int err;

	err = kb_call(&job) ?:
	      kb_slice_check(job, dst_path__str, offset, size) ?:
	      kb_rules_member(job, dst_path__str, offset, size);
	if (err)
		return err;
	part = kb_slice(job, offset, size);
	return kb_cpio_add(job, dst_path__str, &part, true);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kb_kfunc_ids)
BTF_ID_FLAGS(func, bpf_helper_carrier, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_decompress, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_supplement_initrd, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_read, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_slice, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_decompress_slice, KF_SLEEPABLE)
BTF_ID_FLAGS(func, bpf_helper_supplement_slice, KF_SLEEPABLE)
BTF_KFUNCS_END(kb_kfunc_ids)

/* The verifier allows a sleepable fentry on functions of fmod_ret sets. */
BTF_KFUNCS_START(kb_hook_ids)
BTF_ID_FLAGS(func, kexec_pe_parser_hook, KF_SLEEPABLE)
BTF_KFUNCS_END(kb_hook_ids)

/*
 * The verifier calls this for the kfuncs of this module only. It compares no
 * BTF ids, because with .BTF.base (pahole 1.28) they are not relocated here.
 * Any program that is not known to be a parser of the current handshake, or of
 * a session that prepares one, is refused.
 */
static int kb_kfunc_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	if (prog->type == BPF_PROG_TYPE_TRACING &&
	    prog->expected_attach_type == BPF_TRACE_FENTRY &&
	    prog->aux->mod == THIS_MODULE && prog->aux->attach_func_name &&
	    !strcmp(prog->aux->attach_func_name, KEXEC_BPF_HOOK_NAME) &&
	    (kb_handshake_mine() || kb_session_prepares()))
		return 0;
	return -EACCES;
}

static const struct btf_kfunc_id_set kb_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kb_kfunc_ids,
	.filter = kb_kfunc_filter,
};

static const struct btf_kfunc_id_set kb_hook_set = {
	.owner = THIS_MODULE,
	.set = &kb_hook_ids,
};

/* There is nothing to undo: the sets are freed with the module's BTF. */
int kb_kfuncs_init(void)
{
	return register_btf_fmodret_id_set(&kb_hook_set) ?:
	       register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kb_kfunc_set);
}
