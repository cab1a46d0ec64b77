// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The probe is the kernel's first question about an image: who can load it?
 * That is a process with a session, by a parser; the kernel itself; or nobody.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stdarg.h>

#include <kexec_bpf.h>
#include "digest.h"
#include "enforce.h"
#include "load.h"
#include "parser.h"
#include "pe.h"
#include "probe.h"
#include "session.h"
#include "stock.h"

/* Why enforce refuses a kernel that is not in a UKI. */
#define KB_BARE	"nothing verifies its initrd and command line"

bool notrace kb_probe_wanted(void)
{
	return kb_enforce_on() || kb_session_any() || kb_digest_never();
}

/* Reports an image that does not become a load of this module. */
__printf(3, 4)
static void kb_probe_report(struct kb_session *session, int error, const char *format, ...)
{
	/* Too large for the stack. If this fails, there is no report. */
	struct kexec_bpf_report *report = kzalloc(sizeof(*report), GFP_KERNEL);
	va_list args;

	if (!report)
		return;
	report->error = error;
	report->stage = KEXEC_BPF_STAGE_PROBE;
	report->signature = KEXEC_BPF_SIGNATURE_UNCHECKED;
	report->flags = kb_enforce_on() ? KEXEC_BPF_REPORT_ENFORCE : 0;
	va_start(args, format);
	vsnprintf(report->reason, sizeof(report->reason), format, args);
	va_end(args);
	kb_session_report(session, report);
	kfree(report);
}

enum kb_verdict {
	KB_STOCK,	/* left to the kernel's own probe */
	KB_REFUSED,	/* refused; the kernel must not look at it */
	KB_TAKEN
};

/* Decides who opens the image. A load takes over the session's reference. */
static enum kb_verdict kb_probe_session(struct kb_session *session, const char *buf,
					unsigned long size)
{
	struct kb_pe pe;
	const char *wrong = kb_pe_open(&pe, buf, size);

	kb_session_report(session, NULL);
	if (wrong && kb_pe_begins(buf, size)) {
		/* The signature check would read it in another way: pe.c. */
		kb_probe_report(session, -ENOEXEC, "the PE file is refused: %s", wrong);
		return KB_REFUSED;
	}
	if (kb_stock_takes(buf, size)) {
		if (kb_enforce_on())
			kb_probe_report(session, -EPERM, KB_ENFORCE ": " KB_BARE);
		else if (session->flags && kb_load_begin(session, buf, KB_BY_KERNEL))
			return KB_TAKEN;
		return KB_STOCK;
	}
	if (session->flags & KEXEC_BPF_REGISTER_NO_PARSER) {
		kb_probe_report(session, -ENOEXEC,
				"the file is not a kernel, and the session serves no parser");
		return KB_STOCK;
	}
	if (wrong || kb_parser_find(&pe).kind == KEXEC_BPF_PARSER_NONE) {
		kb_probe_report(session, -ENOEXEC, "the PE file is refused: %s",
				wrong ?: "no .linux, no usable .bpf, and no zboot image");
		return KB_STOCK;
	}
	return kb_load_begin(session, buf, KB_BY_PARSER) ? KB_TAKEN : KB_STOCK;
}

/*
 * Begins a load for an image that the kernel opens itself, only because all
 * digests are to be left out (digest=never). Returns whether it did.
 */
static bool kb_probe_never(const char *buf, unsigned long size)
{
	return kb_digest_never() && !kb_enforce_on() && kb_stock_takes(buf, size) &&
	       kb_load_begin(NULL, buf, KB_BY_KERNEL);
}

/* Leaves an image to the kernel, unless enforce is on. */
static int kb_probe_stock(const char *buf, unsigned long size)
{
	int err = 0;

	if (kb_enforce_on())
		err = kb_enforce_refuse(KB_CALL_FILE, kb_stock_takes(buf, size) ? KB_BARE :
					KB_NOT_OPENED);
	return err ?: kb_stock_probe(buf, size);
}

/*
 * Nothing here may sleep before the module reference is held or after it is
 * dropped: kb_hook_remove() waits for redirected tasks only until they sleep.
 */
int kb_probe(const char *buf, unsigned long size)
{
	enum kb_verdict verdict = KB_STOCK;
	struct kb_session *session;
	int err = -ENOEXEC;

	/*
	 * The module is being removed and gives no references. With enforce on,
	 * rmmod -f did that, and the module stays.
	 */
	if (!try_module_get(THIS_MODULE))
		return kb_enforce_refuse(KB_CALL_FILE, "the module is being removed") ?:
		       kb_stock_probe(buf, size);
	kb_load_reap();
	session = kb_session_get();
	if (session)
		verdict = kb_probe_session(session, buf, size);
	if (verdict == KB_TAKEN)
		return 0;	/* kb_cleanup() drops both references */
	if (session)
		kb_session_put(session);
	if (verdict == KB_STOCK && kb_probe_never(buf, size))
		return 0;	/* kb_cleanup() drops the reference */
	if (verdict == KB_STOCK)
		err = kb_probe_stock(buf, size);
	module_put(THIS_MODULE);
	return err;
}
