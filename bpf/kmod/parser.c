// SPDX-License-Identifier: GPL-2.0-or-later
/* Choosing, showing and running a parser. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "parser.h"
#include "parsers.h"
#include "session.h"

/* EFI zboot: "MZ" at 0, this at 4 (drivers/firmware/efi/libstub/zboot-header.S). */
#define KB_ZBOOT_MAGIC_AT	4
static const u8 kb_zboot_magic[4] = "zimg";

/* Where ftrace's call would be: ENDBR64 and a 5-byte nop, with room to spare. */
#define KB_ENTRY_BYTES	16
static u8 kb_hook_entry[KB_ENTRY_BYTES];

static struct kb_job *kb_running;

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
 * The attach point. Its arguments are for programs that want to look; the
 * kfuncs act on current's load, whatever is passed here.
 */
__used noinline __noclone int kexec_pe_parser_hook(struct kimage *image, u64 image_size, u32 round)
{
	/* Keeps the call and its arguments alive. */
	asm volatile("" : : "r"(image), "r"(image_size), "r"(round) : "memory");
	return 0;
}

void kb_parser_init(void)
{
	memcpy(kb_hook_entry, (const void *)kexec_pe_parser_hook, sizeof(kb_hook_entry));
}

static bool kb_hook_attached(void)
{
	return memcmp(kb_hook_entry, (const void *)kexec_pe_parser_hook, sizeof(kb_hook_entry));
}

struct kb_job *kb_parser_job(void)
{
	struct kb_job *job = READ_ONCE(kb_running);

	return job && job->task == current ? job : NULL;
}

struct kb_parser kb_parser_find(const void *image, size_t size)
{
	struct kb_parser parser = { .kind = KEXEC_BPF_PARSER_NONE };
	struct kb_section section;
	struct kb_pe pe;

	if (kb_pe_open(&pe, image, size))
		return parser;
	/* A .bpf that is out of the file is an error of the load, not a miss. */
	switch (kb_pe_find(&pe, KEXEC_BPF_SECTION, &section)) {
	case 0:
		parser.data = pe.data + section.offset;
		parser.size = section.size;
		fallthrough;
	case -ENOEXEC:
		parser.kind = KEXEC_BPF_PARSER_IMAGE;
		return parser;
	}
	if (kb_pe_find(&pe, ".linux", &section) != -ENOENT) {
		parser.kind = KEXEC_BPF_PARSER_UKI;
		parser.data = kb_uki_parser;
		parser.size = kb_uki_parser_end - kb_uki_parser;
	} else if (!memcmp(pe.data + KB_ZBOOT_MAGIC_AT, kb_zboot_magic, sizeof(kb_zboot_magic))) {
		parser.kind = KEXEC_BPF_PARSER_ZBOOT;
		parser.data = kb_zboot_parser;
		parser.size = kb_zboot_parser_end - kb_zboot_parser;
	}
	return parser;
}

static int kb_parser_handshake(struct kb_job *job, const struct kb_parser *parser)
{
	int err = kb_session_handshake(job->session, parser->data, parser->size);

	switch (err) {
	case 0:
		return 0;
	case -ETIMEDOUT:
		return kb_job_fail(job, err, "no parser was attached within %u ms",
				   kb_session_timeout_ms(job->session));
	case -ECANCELED:
		return kb_job_fail(job, err, "the session was closed while the load waited for it");
	default:
		return kb_job_fail(job, err, "killed while waiting for the parser");
	}
}

int kb_parser_run(struct kb_job *job, struct kimage *image, const struct kb_parser *parser,
		  struct kexec_bpf_round *round)
{
	u32 number = job->report.rounds - 1;
	ktime_t start;
	int err;

	round->parser = parser->kind;
	round->image_size = job->image.size;
	if (!parser->size)
		return kb_job_fail(job, -ENOEXEC, "the image's %s section is empty or damaged",
				   KEXEC_BPF_SECTION);
	if (parser->size > KEXEC_BPF_PARSER_MAX_BYTES)
		return kb_job_fail(job, -EFBIG, "the image's %s section has %zu bytes, limit %d",
				   KEXEC_BPF_SECTION, parser->size, KEXEC_BPF_PARSER_MAX_BYTES);
	job->report.stage = KEXEC_BPF_STAGE_HANDSHAKE;
	/*
	 * Nothing may be attached from before. In later rounds thread B still has
	 * the parser of the round before; if it keeps it, both name a kernel,
	 * which is an error.
	 */
	if (!number && kb_hook_attached())
		return kb_job_fail(job, -EBUSY, "something is already attached to %s",
				   KEXEC_BPF_HOOK_NAME);

	start = ktime_get();
	err = kb_parser_handshake(job, parser);
	round->handshake_us = ktime_us_delta(ktime_get(), start);
	if (err)
		return err;
	job->report.stage = KEXEC_BPF_STAGE_PARSE;
	if (!kb_hook_attached())
		return kb_job_fail(job, -ENOEXEC, "the loader said ready, but attached no parser");

	start = ktime_get();
	WRITE_ONCE(kb_running, job);
	kexec_pe_parser_hook(image, job->image.size, number);
	WRITE_ONCE(kb_running, NULL);
	round->hook_us = ktime_us_delta(ktime_get(), start);
	return job->error;
}
