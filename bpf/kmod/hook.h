/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Redirects kernel functions to this module's, or watches calls to them. */
#ifndef KB_HOOK_H
#define KB_HOOK_H

#include <linux/ftrace.h>
#include <linux/types.h>

#include "stock.h"

struct kb_hook {
	enum kb_stock function;
	/* Same type as the kernel's function; NULL if it is only watched. */
	void *replacement;
	/*
	 * Returns whether to redirect a call. Runs in the ftrace callback, so
	 * it is notrace and does not sleep.
	 */
	bool (*wanted)(void);
	/* Runs before each call, with its first argument. The same rules. */
	void (*watch)(void *first);
	bool optional;		/* the module works without it */
	struct ftrace_ops ops;
	bool installed;
};

/*
 * Installs the hooks in the given order. If one fails that is not optional, all
 * are removed again. The table stays in use until kb_hook_remove().
 */
int kb_hook_install(struct kb_hook *hooks, size_t count);
void kb_hook_remove(struct kb_hook *hooks, size_t count);

/* Returns whether the hook for @function is installed. */
bool kb_hook_installed(const struct kb_hook *hooks, size_t count, enum kb_stock function);

#endif /* KB_HOOK_H */
