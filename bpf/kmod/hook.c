// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Redirects the arch loader's functions to this module by ftrace, as a live
 * patch would. They are reached only through kexec_file_ops pointers, so the
 * compiler cannot have inlined them. kexec_image_probe_default() would be the
 * natural place, but it is inlined into its callers.
 */
#include <linux/ftrace.h>
#include <linux/kexec.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hook.h"
#include "load.h"

#ifndef CONFIG_X86_64
#error "kexec_bpf knows the kexec_file_load functions of x86_64 only"
#endif

#define KB_ENDBR64	0xfa1e0ff3u

typedef int (*kb_probe_fn)(const char *buf, unsigned long size);
typedef int (*kb_verify_fn)(const char *buf, unsigned long size);
typedef void *(*kb_load_fn)(struct kimage *image, char *kernel, unsigned long kernel_size,
			    char *initrd, unsigned long initrd_size,
			    char *cmdline, unsigned long cmdline_size);

struct kb_hook {
	const char *symbol;
	void *replacement;
	bool (*wanted)(void);	/* decides per call, in the ftrace callback */
	unsigned long address;	/* of the kernel's function, for indirect calls */
	struct ftrace_ops ops;
	bool installed;
};

static void notrace kb_redirect(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct kb_hook *hook = ops->private;

	/* kb_stock_*() must reach the kernel's function. */
	if (within_module(parent_ip, THIS_MODULE) || !hook->wanted())
		return;
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)hook->replacement);
}

static void notrace kb_cleanup(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	kb_load_finish();
}

#define KB_REDIRECT(sym, fn, cond) {					\
	.symbol = sym,							\
	.replacement = fn,						\
	.wanted = cond,							\
	.ops = {							\
		.func = kb_redirect,					\
		.flags = FTRACE_OPS_FL_IPMODIFY |			\
			 FTRACE_OPS_FL_PERMANENT |			\
			 FTRACE_OPS_FL_RECURSION,			\
	},								\
}

enum { KB_CLEANUP, KB_LOAD, KB_VERIFY, KB_PROBE, KB_HOOKS };

/* In order of installation: the probe, which starts it all, comes last. */
static struct kb_hook kb_hooks[KB_HOOKS] = {
	[KB_CLEANUP] = {
		.symbol = "kimage_file_post_load_cleanup",
		.ops = {
			.func = kb_cleanup,
			.flags = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_RECURSION,
		},
	},
	[KB_LOAD] = KB_REDIRECT("bzImage64_load", kb_load, kb_load_pending),
	[KB_VERIFY] = KB_REDIRECT("kexec_kernel_verify_pe_sig", kb_verify, kb_load_pending),
	[KB_PROBE] = KB_REDIRECT("bzImage64_probe", kb_probe, kb_load_wanted),
};

/*
 * The barriers keep the compiler from turning these into tail calls: the
 * parent that kb_redirect() sees would then be the kernel's caller.
 */
int kb_stock_probe(const char *buf, unsigned long size)
{
	int ret = ((kb_probe_fn)kb_hooks[KB_PROBE].address)(buf, size);

	barrier();
	return ret;
}

int kb_stock_verify(const char *buf, unsigned long size)
{
	int ret = ((kb_verify_fn)kb_hooks[KB_VERIFY].address)(buf, size);

	barrier();
	return ret;
}

void *kb_stock_load(struct kimage *image, char *kernel, unsigned long kernel_size,
		    char *initrd, unsigned long initrd_size,
		    char *cmdline, unsigned long cmdline_size)
{
	void *ret = ((kb_load_fn)kb_hooks[KB_LOAD].address)(image, kernel, kernel_size, initrd,
							    initrd_size, cmdline, cmdline_size);

	barrier();
	return ret;
}

/* kallsyms_lookup_name() is not exported; a kprobe that is never hit resolves. */
static int kb_resolve(struct kb_hook *hook)
{
	struct kprobe probe = { .symbol_name = hook->symbol };
	int err = register_kprobe(&probe);

	if (err)
		return err;
	hook->address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	/*
	 * With IBT a kprobe sits behind the function's ENDBR64, and an indirect
	 * call must land on it.
	 */
	if (IS_ENABLED(CONFIG_X86_KERNEL_IBT) &&
	    *(u32 *)(hook->address - 4) == KB_ENDBR64)
		hook->address -= 4;
	return 0;
}

int kb_hook_install(void)
{
	int err, i;

	for (i = 0; i < KB_HOOKS; i++) {
		struct kb_hook *hook = &kb_hooks[i];

		err = kb_resolve(hook);
		if (err) {
			pr_err("%s: not found in this kernel: %d\n", hook->symbol, err);
			goto undo;
		}
		hook->ops.private = hook;
		err = ftrace_set_filter(&hook->ops, (char *)hook->symbol,
					strlen(hook->symbol), 0);
		if (!err)
			err = register_ftrace_function(&hook->ops);
		if (err) {
			pr_err("%s: ftrace refused the hook: %d\n", hook->symbol, err);
			ftrace_free_filter(&hook->ops);
			goto undo;
		}
		hook->installed = true;
	}
	return 0;
undo:
	kb_hook_remove();
	return err;
}

void kb_hook_remove(void)
{
	int i;

	for (i = KB_HOOKS - 1; i >= 0; i--) {
		struct kb_hook *hook = &kb_hooks[i];

		if (!hook->installed)
			continue;
		unregister_ftrace_function(&hook->ops);
		ftrace_free_filter(&hook->ops);
		hook->installed = false;
	}
	/* A task may be between the redirection and its module reference. */
	synchronize_rcu_tasks();
}
