// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the rounds of handshake, parser and rules, and joins the parts. */
#include <linux/errno.h>
#include <linux/kexec.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "cmdline.h"
#include "initrd.h"
#include "job.h"
#include "lsm.h"
#include "parser.h"
#include "round.h"
#include "rules.h"
#include "session.h"
#include "stock.h"
#include "unpack.h"

/*
 * Sets the image of the next round: the file, or the kernel that was just
 * named. Returns NULL, or what is wrong with it as a PE file.
 */
static const char *kb_round_open(struct kb_job *job, const struct kb_part *image)
{
	const char *wrong;

	job->image = *image;
	job->kernel = (struct kb_part) {};
	wrong = kb_pe_open(&job->pe, kb_part_data(image), image->size);
	job->is_pe = !wrong;
	memset(job->given, 0, sizeof(job->given));
	kb_job_sweep(job);
	return wrong;
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
	struct kexec_bpf_round *round = &job->report->round[job->report->rounds++];
	int err = kb_parser_run(job, image, parser, round);

	round->kernel = kb_kernel_report(job);
	round->initrd = kb_initrd_report(job);
	round->cmdline_size = job->cmdline_size;
	if (err)
		return err;
	if (!job->kernel.buffer)
		return kb_job_fail(job, -ENOEXEC, "the parser named no kernel%s",
				   round->calls ? "" : ", or no parser was attached");
	job->report->stage = KEXEC_BPF_STAGE_RULES;
	return kb_rules_round(job);
}

/* Opens @next, checks it, and runs its parser. */
static int kb_round_of(struct kb_job *job, struct kimage *image, const struct kb_part *next,
		       const struct kb_passed *passed)
{
	struct kb_parser parser = { .kind = KEXEC_BPF_PARSER_NONE };
	const char *wrong;
	int err;

	job->report->stage = KEXEC_BPF_STAGE_PARSE;
	if (job->report->rounds == KEXEC_BPF_ROUNDS_MAX)
		return kb_job_fail(job, -ELOOP, "more than %d images inside each other",
				   KEXEC_BPF_ROUNDS_MAX);
	wrong = kb_round_open(job, next);
	job->report->stage = KEXEC_BPF_STAGE_RULES;
	err = kb_rules_open(job, passed->initrd_size, passed->cmdline_size);
	if (err)
		return err;
	job->report->stage = KEXEC_BPF_STAGE_PARSE;
	if (!wrong)
		parser = kb_parser_find(&job->pe);
	if (parser.kind == KEXEC_BPF_PARSER_NONE)
		return kb_job_fail(job, -ENOEXEC, "what the parser named as kernel is not one%s%s",
				   wrong ? ": " : "", wrong ?: "");
	return kb_round(job, image, &parser);
}

/*
 * The memory for a crash image was reserved for what was measured, and the
 * capture kernel has no more to unpack into.
 */
static int kb_unpack_if_asked(struct kb_job *job, const struct kimage *image)
{
	if (!(job->session->flags & KEXEC_BPF_REGISTER_UNPACK_INITRD))
		return 0;
	if (image->type == KEXEC_TYPE_DEFAULT)
		return kb_unpack_initrd(job);
	job->report->unpack = KEXEC_BPF_UNPACK_CRASH;
	return 0;
}

/*
 * Adds the initrd and command line that user space passed after those of the
 * image, and joins the parts.
 */
static int kb_assemble(struct kb_job *job, struct kimage *image, const struct kb_passed *passed)
{
	struct kb_part part = { .size = passed->initrd_size, .flags = KEXEC_BPF_RESOURCE_USER };
	int err = 0;

	job->report->stage = KEXEC_BPF_STAGE_ASSEMBLE;
	if (part.size) {
		part.buffer = kb_job_adopt(job, image->initrd_buf, part.size, KB_PROOF_FILE);
		image->initrd_buf = NULL;
		err = part.buffer ? kb_initrd_add(job, &part, KB_INITRD_BACK) : -ENOMEM;
	}
	if (!err)
		err = kb_cmdline_add(job, passed->cmdline, passed->cmdline_size);
	if (!err)
		err = kb_unpack_if_asked(job, image);
	if (!err)
		err = kb_initrd_join(job);
	if (err)
		return err;
	kb_lsm_measure_cmdline(job->cmdline, job->cmdline_size);
	job->report->kernel = kb_kernel_report(job);
	job->report->initrd = kb_initrd_report(job);
	job->report->cmdline_size = job->cmdline_size;
	return 0;
}

int kb_rounds(struct kb_job *job, struct kimage *image, const struct kb_part *file,
	      const struct kb_passed *passed)
{
	struct kb_part next = *file;
	int err;

	job->deadline = ktime_add_ms(ktime_get(), job->session->timeout_ms);
	do {
		err = kb_round_of(job, image, &next, passed);
		if (err)
			return err;
		next = job->kernel;
	} while (!kb_stock_takes(kb_part_data(&next), next.size));

	job->image = (struct kb_part) {};
	kb_job_sweep(job);
	job->report->stage = KEXEC_BPF_STAGE_RULES;
	err = kb_rules_end(job) ?: kb_assemble(job, image, passed);
	kb_job_sweep(job);
	return err;
}
