/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redirects functions of the kernel to functions of this module. */
#ifndef KB_HOOK_H
#define KB_HOOK_H

#include <linux/ftrace.h>
#include <linux/types.h>

#include "stock.h"

struct kb_hook {
	enum kb_stock function;
	void *replacement;	/* of the same type as the kernel's function */
	/* Decides per call, in the ftrace callback: neither sleeps nor is traced. */
	bool (*wanted)(void);
	struct ftrace_ops ops;
	bool installed;
};

/* In the order given; on failure none is left. The table is the caller's. */
int kb_hook_install(struct kb_hook *hooks, size_t count);
void kb_hook_remove(struct kb_hook *hooks, size_t count);

#endif /* KB_HOOK_H */
