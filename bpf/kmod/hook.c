// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Redirects and watches kernel functions by ftrace, as a live patch does. The
 * functions are identified by address, because other modules may have functions
 * of the same name. The kernel calls them through pointers (kexec_file_ops) or
 * from another source file, so the compiler cannot have inlined them;
 * ARCHITECTURE.md, "The module", describes the one case in which it may have.
 * kexec_image_probe_default() would be the natural function to redirect for the
 * probe, but it is inlined into its callers.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "hook.h"

#define KB_HOOK_BUSY \
	" (a live patch, a second copy of this module, or kernel.ftrace_enabled is 0)"

static void notrace kb_redirect(unsigned long ip, unsigned long parent_ip,
				struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct kb_hook *hook = ops->private;

	/* Calls from kb_stock_*() must reach the kernel's function. */
	if (within_module(parent_ip, THIS_MODULE) || !hook->wanted())
		return;
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)hook->replacement);
}

static void notrace kb_watch(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct kb_hook *hook = ops->private;

	hook->watch((void *)ftrace_regs_get_argument(fregs, 0));
}

static int kb_hook_one(struct kb_hook *hook)
{
	unsigned long address = kb_stock_address(hook->function);
	int err;

	if (!address)
		return -ENOENT;
	hook->ops.func = hook->replacement ? kb_redirect : kb_watch;
	hook->ops.flags = FTRACE_OPS_FL_PERMANENT | FTRACE_OPS_FL_RECURSION |
			  (hook->replacement ? FTRACE_OPS_FL_IPMODIFY : 0);
	hook->ops.private = hook;
	err = ftrace_set_filter_ip(&hook->ops, address, 0, 0);
	if (!err)
		err = register_ftrace_function(&hook->ops);
	if (err) {
		pr_err("%s: ftrace refused the hook: %d%s\n", kb_stock_name(hook->function), err,
		       err == -EBUSY ? KB_HOOK_BUSY : "");
		ftrace_free_filter(&hook->ops);
		return err;
	}
	hook->installed = true;
	return 0;
}

int kb_hook_install(struct kb_hook *hooks, size_t count)
{
	size_t i;
	int err;

	for (i = 0; i < count; i++) {
		err = kb_hook_one(&hooks[i]);
		if (err && !hooks[i].optional) {
			kb_hook_remove(hooks, count);
			return err;
		}
	}
	return 0;
}

void kb_hook_remove(struct kb_hook *hooks, size_t count)
{
	while (count--) {
		struct kb_hook *hook = &hooks[count];

		if (!hook->installed)
			continue;
		unregister_ftrace_function(&hook->ops);
		ftrace_free_filter(&hook->ops);
		hook->installed = false;
	}
	/* A redirected task may not have its module reference yet. */
	synchronize_rcu_tasks();
}

bool kb_hook_installed(const struct kb_hook *hooks, size_t count, enum kb_stock function)
{
	while (count--)
		if (hooks[count].function == function)
			return hooks[count].installed;
	return false;
}
