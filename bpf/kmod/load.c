// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One kexec_file_load(2) of a PE image, in the order in which the kernel calls:
 *
 *   kb_probe         the arch loader refuses the image, but a parser can open it
 *   kb_verify        the kernel's own signature check, of the whole file
 *   kb_load          rounds of handshake and parser, rules, joining, arch loader
 *   kb_load_finish   the kernel frees its buffers, on success and on failure
 *
 * From probe to finish the load holds a reference to the module. It belongs to
 * the task that loads; the kexec lock allows one at a time.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kexec.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cmdline.h"
#include "hook.h"
#include "initrd.h"
#include "job.h"
#include "load.h"
#include "parser.h"
#include "rules.h"
#include "session.h"

#define KB_HDRS_AT	0x202
static const char kb_hdrs[4] = "HdrS";

static struct kb_pending {
	struct task_struct *task;	/* NULL: no load is pending */
	struct kb_session *session;
	ktime_t start;
	int signature;			/* kexec_bpf_report.signature */
	bool locked_down;		/* known when the signature was rejected */
	bool loaded;			/* kb_load() ran and has reported */
} kb_pending;

bool notrace kb_load_wanted(void)
{
	return kb_session_any();
}

bool notrace kb_load_pending(void)
{
	return READ_ONCE(kb_pending.task) == current;
}

static void kb_report_end(struct kb_session *session, struct kexec_bpf_report *report,
			  ktime_t start)
{
	report->abi_version = KEXEC_BPF_ABI_VERSION;
	report->load_us = ktime_us_delta(ktime_get(), start);
	kb_session_report(session, report);
}

/* The load ended before kb_load(): say why, as far as it can be seen. */
static void notrace kb_report_refused(const struct kb_pending *pending)
{
	struct kexec_bpf_report report = { .signature = pending->signature };

	if (pending->locked_down) {
		report.flags = KEXEC_BPF_REPORT_LOCKDOWN;
		report.stage = KEXEC_BPF_STAGE_SIGNATURE;
		report.error = pending->signature;
		strscpy(report.reason, "lockdown: the kernel rejected the image's signature");
	} else if (pending->signature < 0) {
		/* Whether kexec_sig_enforce is set is not visible from here. */
		report.stage = KEXEC_BPF_STAGE_SIGNATURE;
		report.error = pending->signature;
		strscpy(report.reason,
			"the image's signature was rejected, or initrd or command line not readable");
	} else {
		report.stage = KEXEC_BPF_STAGE_READ;
		report.error = -EINVAL;
		strscpy(report.reason, "the initrd or command line passed could not be read");
	}
	kb_report_end(pending->session, &report, pending->start);
}

/* Called for every load and unload; must not sleep. */
void notrace kb_load_finish(void)
{
	struct kb_pending pending = kb_pending;

	if (!kb_load_pending())
		return;
	if (!pending.loaded)
		kb_report_refused(&pending);
	WRITE_ONCE(kb_pending.task, NULL);
	kb_session_put(pending.session);
	module_put(THIS_MODULE);
}

static void kb_probe_refused(struct kb_session *session)
{
	struct kexec_bpf_report report = {
		.error = -ENOEXEC,
		.stage = KEXEC_BPF_STAGE_PROBE,
		.signature = KEXEC_BPF_SIGNATURE_UNCHECKED,
	};

	strscpy(report.reason, "not a kernel, and no PE image with .bpf, .linux or a zboot header");
	kb_report_end(session, &report, ktime_get());
}

/*
 * The kernel's probe logs an error for what it refuses. Ask it only about what
 * can be a bzImage (Documentation/arch/x86/boot.rst: "HdrS" at 0x202).
 */
static bool kb_arch_takes(const char *buf, unsigned long size)
{
	return size >= KB_HDRS_AT + sizeof(kb_hdrs) &&
	       !memcmp(buf + KB_HDRS_AT, kb_hdrs, sizeof(kb_hdrs)) &&
	       !kb_stock_probe(buf, size);
}

/* Without a parser or a session everything is as without this module. */
static bool kb_probe_accept(const char *buf, unsigned long size)
{
	struct kb_session *session = kb_session_get();

	if (!session)
		return false;
	kb_session_report(session, NULL);
	if (kb_arch_takes(buf, size))
		goto not_ours;
	if (kb_parser_find(buf, size).kind == KEXEC_BPF_PARSER_NONE) {
		kb_probe_refused(session);
		goto not_ours;
	}
	kb_pending = (struct kb_pending) {
		.task = current,
		.session = session,
		.start = ktime_get(),
		.signature = KEXEC_BPF_SIGNATURE_UNCHECKED,
	};
	return true;
not_ours:
	kb_session_put(session);
	return false;
}

/*
 * Nothing here sleeps before the reference is held or after it is dropped:
 * kb_hook_remove() waits for tasks that have not slept since the redirection.
 */
int kb_probe(const char *buf, unsigned long size)
{
	bool held = try_module_get(THIS_MODULE);
	int err;

	if (held && kb_probe_accept(buf, size))
		return 0;	/* kb_load_finish() drops the reference */
	err = kb_stock_probe(buf, size);
	if (held)
		module_put(THIS_MODULE);
	return err;
}

int kb_verify(const char *buf, unsigned long size)
{
	int err = kb_stock_verify(buf, size);

	kb_pending.signature = err;
	kb_pending.locked_down = err && security_locked_down(LOCKDOWN_KEXEC);
	return err;
}

/* Makes the image of the next round: the file, or the kernel just named. */
static void kb_round_open(struct kb_job *job, const struct kb_part *image)
{
	job->image = *image;
	job->kernel = (struct kb_part) {};
	job->is_pe = !kb_pe_open(&job->pe, kb_part_data(image), image->size);
	memset(job->given, 0, sizeof(job->given));
	kb_job_sweep(job);
}

static struct kexec_bpf_resource kb_kernel_report(const struct kb_job *job)
{
	const struct kb_part *kernel = &job->kernel;

	return (struct kexec_bpf_resource) {
		.offset = kernel->image_offset,
		.size = kernel->size,
		.flags = kernel->flags,
		.parts = kernel->buffer ? 1 : 0,
	};
}

static int kb_round(struct kb_job *job, struct kimage *image, const struct kb_parser *parser)
{
	struct kexec_bpf_round *round = &job->report.round[job->report.rounds++];
	int err = kb_parser_run(job, image, parser, round);

	round->kernel = kb_kernel_report(job);
	round->initrd = kb_initrd_report(job);
	round->cmdline_size = job->cmdline_size;
	if (err)
		return err;
	if (!job->kernel.buffer)
		return kb_job_fail(job, -ENOEXEC, "the parser named no kernel");
	job->report.stage = KEXEC_BPF_STAGE_RULES;
	return kb_rules_round(job);
}

/* Rounds until a kernel comes out that the arch loader takes. */
static int kb_rounds(struct kb_job *job, struct kimage *image, const struct kb_part *file,
		     size_t initrd_size, size_t cmdline_size)
{
	struct kb_part next = *file;
	int err;

	do {
		struct kb_parser parser;

		job->report.stage = KEXEC_BPF_STAGE_PARSE;
		if (job->report.rounds == KEXEC_BPF_ROUNDS_MAX)
			return kb_job_fail(job, -ELOOP, "more than %d images inside each other",
					   KEXEC_BPF_ROUNDS_MAX);
		kb_round_open(job, &next);
		job->report.stage = KEXEC_BPF_STAGE_RULES;
		err = kb_rules_user(job, initrd_size, cmdline_size);
		if (err)
			return err;
		job->report.stage = KEXEC_BPF_STAGE_PARSE;
		parser = kb_parser_find(kb_part_data(&next), next.size);
		if (parser.kind == KEXEC_BPF_PARSER_NONE)
			return kb_job_fail(job, -ENOEXEC,
					   "what the parser named as kernel is not one");
		err = kb_round(job, image, &parser);
		if (err)
			return err;
		next = job->kernel;
	} while (!kb_arch_takes(kb_part_data(&next), next.size));

	job->image = (struct kb_part) {};
	kb_job_sweep(job);
	job->report.stage = KEXEC_BPF_STAGE_RULES;
	return kb_rules_kernel(job);
}

/* Adds what user space passed behind the image's own, and joins. */
static int kb_assemble(struct kb_job *job, struct kimage *image, size_t initrd_size,
		       const char *cmdline, size_t cmdline_size)
{
	struct kb_part part = { .size = initrd_size, .flags = KEXEC_BPF_RESOURCE_USER };
	int err = 0;

	job->report.stage = KEXEC_BPF_STAGE_ASSEMBLE;
	if (initrd_size) {
		part.buffer = kb_job_adopt(job, image->initrd_buf, initrd_size);
		image->initrd_buf = NULL;
		err = part.buffer ? kb_initrd_add(job, &part, KB_INITRD_BACK) : -ENOMEM;
	}
	if (!err)
		err = kb_cmdline_add(job, cmdline, cmdline_size);
	if (!err)
		err = kb_initrd_join(job);
	return err;
}

/*
 * The segments point into these buffers until the kernel has copied them. It
 * frees them by the kimage's pointers, so they move there. There are at most
 * two: the kernel's, and the initrd's when it is another.
 */
static void *kb_load_arch(struct kb_job *job, struct kimage *image)
{
	struct kb_part *initrd = list_first_entry_or_null(&job->initrd, struct kb_part, node);
	char *kernel_data = kb_part_data(&job->kernel), *initrd_data = NULL;
	size_t initrd_size = 0;

	job->report.stage = KEXEC_BPF_STAGE_ARCH;
	job->report.kernel = kb_kernel_report(job);
	job->report.initrd = kb_initrd_report(job);
	job->report.cmdline_size = job->cmdline_size;

	if (initrd) {
		initrd_data = kb_part_data(initrd);
		initrd_size = initrd->size;
		if (initrd->buffer != job->kernel.buffer)
			image->initrd_buf = kb_job_release(job, initrd->buffer);
	}
	image->initrd_buf_len = initrd_size;
	image->kernel_buf = kb_job_release(job, job->kernel.buffer);
	image->kernel_buf_len = job->kernel.size;
	kfree(image->cmdline_buf);
	image->cmdline_buf = job->cmdline;
	image->cmdline_buf_len = job->cmdline_size + 1;
	job->cmdline = NULL;

	return kb_stock_load(image, kernel_data, job->kernel.size, initrd_data, initrd_size,
			     image->cmdline_buf, image->cmdline_buf_len);
}

static void *kb_load_job(struct kb_job *job, struct kimage *image, size_t kernel_size,
			 size_t initrd_size, const char *cmdline, size_t cmdline_size)
{
	struct kb_part file = { .size = kernel_size };
	void *ret;
	int err;

	/* From here the job owns the file; a failure leaves nothing to the kernel. */
	file.buffer = kb_job_adopt(job, image->kernel_buf, kernel_size);
	image->kernel_buf = NULL;
	if (!file.buffer)
		return ERR_PTR(-ENOMEM);
	err = kb_rounds(job, image, &file, initrd_size, cmdline_size);
	if (!err)
		err = kb_assemble(job, image, initrd_size, cmdline, cmdline_size);
	if (err)
		return ERR_PTR(err);
	kb_job_sweep(job);
	ret = kb_load_arch(job, image);
	if (IS_ERR(ret))
		kb_job_fail(job, PTR_ERR(ret), "the kernel's bzImage loader refused (%ld)",
			    PTR_ERR(ret));
	else
		job->report.stage = KEXEC_BPF_STAGE_LOADED;
	return ret;
}

void *kb_load(struct kimage *image, char *kernel, unsigned long kernel_size,
	      char *initrd, unsigned long initrd_size,
	      char *cmdline, unsigned long cmdline_size)
{
	struct kb_job *job = kb_job_new(kb_pending.session);
	void *ret;

	if (!job)
		return ERR_PTR(-ENOMEM);
	job->verified = !kb_pending.signature;
	job->report.signature = kb_pending.signature;
	job->report.flags = job->locked_down ? KEXEC_BPF_REPORT_LOCKDOWN : 0;

	/* An empty command line comes as its NUL. */
	ret = kb_load_job(job, image, kernel_size, initrd_size, cmdline,
			  cmdline_size ? cmdline_size - 1 : 0);
	if (IS_ERR(ret)) {
		job->report.error = PTR_ERR(ret);
		pr_notice("load refused: %s\n", job->report.reason);
	}
	kb_report_end(job->session, &job->report, kb_pending.start);
	kb_pending.loaded = true;
	kb_job_free(job);
	return ret;
}
