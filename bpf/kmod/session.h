/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One open file of /proc/kexec_bpf: its owner, registration and report. */
#ifndef KB_SESSION_H
#define KB_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <kexec_bpf.h>
#include "wait.h"

struct kb_session {
	struct list_head node;		/* in the list of registered sessions */
	refcount_t references;
	struct pid *process;

	/* Set by the registration. */
	unsigned int abi_version;
	unsigned int timeout_ms;	/* for all rounds of a load */
	unsigned int flags;		/* KEXEC_BPF_REGISTER_* */
	u64 cookie;			/* of its parsers; 0 without REGISTER_EARLY */
	struct kb_wait wait;

	struct mutex lock;		/* protects the fields below */
	struct pid *server;		/* thread B */
	const void *parser;		/* while a load waits */
	size_t parser_size;
	bool closed;
	bool reported;
	struct kexec_bpf_report report;
};

/* Returns a new session of current's process, or NULL if out of memory. */
struct kb_session *kb_session_new(void);

/* Returns 0, or the error of write(2) to the session file. */
int kb_session_register(struct kb_session *session, const struct kexec_bpf_register *request);

/* Closes the session: loads no longer find it, and one that waits ends. */
void kb_session_close(struct kb_session *session);

/* Returns whether any session is registered. For ftrace callbacks. */
bool kb_session_any(void);

/* Returns whether the session belongs to current's process. */
bool kb_session_mine(const struct kb_session *session);

/*
 * Returns whether current's process has a session for which it can load parsers
 * before the load. For the kfunc filter.
 */
bool kb_session_prepares(void);

/* Returns the registered session of current's process and holds it, or NULL. */
struct kb_session *kb_session_get(void);
void kb_session_put(struct kb_session *session);

/* Makes current the session's thread B. Called with the session's lock held. */
void kb_session_served_by_current(struct kb_session *session);

/* Replaces the session's report; NULL: no load has been made. */
void kb_session_report(struct kb_session *session, const struct kexec_bpf_report *report);

#endif /* KB_SESSION_H */
