// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses a parser, offers it to thread B, and runs it. */
#include <linux/bpf.h>
#include <linux/compiler.h>
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "handshake.h"
#include "parser.h"
#include "parsers.h"
#include "session.h"

/* EFI zboot: "MZ" at 0, this at 4 (drivers/firmware/efi/libstub/zboot-header.S). */
#define KB_ZBOOT_MAGIC_AT	4
static const u8 kb_zboot_magic[4] = "zimg";

/* Duration and interval of the checks for a parser of another load. */
#define KB_LINGER_MS		500
#define KB_LINGER_TICK_MS	20

static struct kb_job *kb_running;
static bool kb_looking;		/* the hook runs, but no program should call */
static bool kb_called;		/* a program called nevertheless */

static char *kb_default_parsers = "uki zboot";

static int kb_default_parsers_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops kb_default_parsers_ops = {
	.set = kb_default_parsers_set,
	.get = param_get_charp,
};
module_param_cb(default_parsers, &kb_default_parsers_ops, &kb_default_parsers, 0444);
MODULE_PARM_DESC(default_parsers, "formats for which the module has a parser (read only)");

/*
 * The function that parsers attach to. Its arguments are for programs that
 * observe; the kfuncs act on current's load, whatever is passed here.
 */
__used noinline __noclone int kexec_pe_parser_hook(struct kimage *image, u64 image_size, u32 round)
{
	/* Keeps the compiler from dropping the call and its arguments. */
	asm volatile("" : : "r"(image), "r"(image_size), "r"(round) : "memory");
	return 0;
}

/*
 * Returns the cookie with which the running program is attached. The filter of
 * the kfuncs lets only programs call that run from a trampoline, which leaves
 * this behind.
 */
static u64 kb_parser_cookie(void)
{
	struct bpf_run_ctx *run = READ_ONCE(current->bpf_ctx);

	return run ? container_of(run, struct bpf_tramp_run_ctx, run_ctx)->bpf_cookie : 0;
}

struct kb_job *kb_parser_job(void)
{
	struct kb_job *job = READ_ONCE(kb_running);

	/*
	 * A BPF timer's callback may interrupt current: refuse it. The verifier
	 * of 6.12 lets it call.
	 */
	if (!in_task() || !job || job->task != current)
		return NULL;
	/* A parser of another session, or of none. */
	if (kb_parser_cookie() != job->session->cookie)
		return NULL;
	if (!READ_ONCE(kb_looking))
		return job;
	WRITE_ONCE(kb_called, true);
	return NULL;
}

/*
 * Returns whether a parser is a program for this machine. Upstream's series
 * puts an ELF file with a light skeleton into .bpf, for a kernel that loads it
 * by itself; here the module's own parser opens such an image.
 */
static bool kb_parser_is_native(const void *data, size_t size)
{
	struct elfhdr header;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	return !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_machine == ELF_ARCH;
}

struct kb_parser kb_parser_own(enum kexec_bpf_parser kind)
{
	struct kb_parser parser = { .kind = kind };

	if (kind == KEXEC_BPF_PARSER_UKI) {
		parser.data = kb_uki_parser;
		parser.size = kb_uki_parser_end - kb_uki_parser;
	} else if (kind == KEXEC_BPF_PARSER_ZBOOT) {
		parser.data = kb_zboot_parser;
		parser.size = kb_zboot_parser_end - kb_zboot_parser;
	}
	return parser;
}

struct kb_parser kb_parser_find(const struct kb_pe *pe)
{
	struct kb_section section;

	if (!kb_pe_find(pe, KEXEC_BPF_SECTION, &section)) {
		struct kb_parser parser = {
			.kind = KEXEC_BPF_PARSER_IMAGE,
			.data = pe->data + section.offset,
			.size = section.size,
		};

		if (!kb_parser_is_native(parser.data, parser.size))
			return parser;
	}
	if (kb_uki_has_kernel(pe))
		return kb_parser_own(KEXEC_BPF_PARSER_UKI);
	if (!memcmp(pe->data + KB_ZBOOT_MAGIC_AT, kb_zboot_magic, sizeof(kb_zboot_magic)))
		return kb_parser_own(KEXEC_BPF_PARSER_ZBOOT);
	return kb_parser_own(KEXEC_BPF_PARSER_NONE);
}

/*
 * Runs the programs attached to the hook; their calls act on @job. The compiler
 * sees that the hook itself does nothing, so the accesses must say that these
 * variables are used meanwhile.
 */
static void kb_parser_call(struct kb_job *job, struct kimage *image, u32 round, bool looking)
{
	WRITE_ONCE(kb_looking, looking);
	WRITE_ONCE(kb_called, false);
	WRITE_ONCE(kb_running, job);
	kexec_pe_parser_hook(image, job->image.size, round);
	WRITE_ONCE(kb_running, NULL);
}

/*
 * Fails if a parser of another load is still attached, which would take part in
 * this one. Tracers and other programs that only observe may be attached: they
 * call no kfunc. A process that was killed releases its parser a little later
 * than the kexec lock, so this checks for a while.
 */
static int kb_parser_alone(struct kb_job *job, struct kimage *image)
{
	ktime_t end = ktime_add_ms(ktime_get(), KB_LINGER_MS);

	while (1) {
		kb_parser_call(job, image, 0, true);
		if (!READ_ONCE(kb_called))
			return 0;
		if (ktime_after(ktime_get(), end) || fatal_signal_pending(current))
			return kb_job_fail(job, -EBUSY,
					   "a parser of another load is still attached to %s",
					   KEXEC_BPF_HOOK_NAME);
		schedule_timeout_killable(msecs_to_jiffies(KB_LINGER_TICK_MS));
	}
}

static int kb_parser_handshake(struct kb_job *job, const struct kb_parser *parser)
{
	int err = kb_handshake(job->session, parser->data, parser->size, job->deadline);

	switch (err) {
	case 0:
		return 0;
	case -ETIMEDOUT:
		return kb_job_fail(job, err, "no parser was attached within %u ms",
				   job->session->timeout_ms);
	case -ECANCELED:
		return kb_job_fail(job, err, "the session was closed while the load waited for it");
	case -ESRCH:
		return kb_job_fail(job, err, "the thread that serves the parser has ended");
	default:
		return kb_job_fail(job, err, "killed while waiting for the parser");
	}
}

static int kb_parser_check(struct kb_job *job, const struct kb_parser *parser)
{
	if (!parser->size)
		return kb_job_fail(job, -ENOEXEC, "the image's %s section is empty",
				   KEXEC_BPF_SECTION);
	if (parser->size > KEXEC_BPF_PARSER_MAX_BYTES)
		return kb_job_fail(job, -EFBIG, "the image's %s section has %zu bytes, limit %d",
				   KEXEC_BPF_SECTION, parser->size, KEXEC_BPF_PARSER_MAX_BYTES);
	return 0;
}

int kb_parser_run(struct kb_job *job, struct kimage *image, const struct kb_parser *parser,
		  struct kexec_bpf_round *round)
{
	u32 number = job->report->rounds - 1;
	ktime_t start;
	int err;

	round->parser = parser->kind;
	round->image_size = job->image.size;
	err = kb_parser_check(job, parser);
	if (err)
		return err;
	job->report->stage = KEXEC_BPF_STAGE_HANDSHAKE;
	/*
	 * In later rounds thread B still has the parser of the previous round
	 * attached. If it does not detach it, both parsers name a kernel, which
	 * is an error. With a cookie, no other load's parser counts.
	 */
	err = number || job->session->cookie ? 0 : kb_parser_alone(job, image);
	if (err)
		return err;

	start = ktime_get();
	err = kb_parser_handshake(job, parser);
	round->handshake_us = ktime_us_delta(ktime_get(), start);
	if (err)
		return err;

	job->report->stage = KEXEC_BPF_STAGE_PARSE;
	start = ktime_get();
	kb_parser_call(job, image, number, false);
	round->hook_us = ktime_us_delta(ktime_get(), start);
	return job->error;
}
