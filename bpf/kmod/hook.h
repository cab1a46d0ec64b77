/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redirects functions of the kernel to functions of this module, or watches them. */
#ifndef KB_HOOK_H
#define KB_HOOK_H

#include <linux/ftrace.h>
#include <linux/types.h>

#include "stock.h"

struct kb_hook {
	enum kb_stock function;
	/* Of the same type as the kernel's function; NULL: it is only watched. */
	void *replacement;
	/* Decides per call, in the ftrace callback: neither sleeps nor is traced. */
	bool (*wanted)(void);
	/* Is told of each call before it happens, with its first argument. The same rules. */
	void (*watch)(void *first);
	bool optional;		/* without it the module works, too */
	struct ftrace_ops ops;
	bool installed;
};

/*
 * In the order given; on failure of one that is not optional none is left. The table is
 * the caller's.
 */
int kb_hook_install(struct kb_hook *hooks, size_t count);
void kb_hook_remove(struct kb_hook *hooks, size_t count);

/* Whether the one for @function is in place. */
bool kb_hook_installed(const struct kb_hook *hooks, size_t count, enum kb_stock function);

#endif /* KB_HOOK_H */
