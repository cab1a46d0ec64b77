/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One open file of /proc/kexec_bpf: who it belongs to, and what it was told. */
#ifndef KB_SESSION_H
#define KB_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include <kexec_bpf.h>
#include "wait.h"

struct kb_session {
	struct list_head node;		/* in the list of the registered ones */
	refcount_t references;
	struct pid *process;

	/* Since registration. */
	unsigned int abi_version;
	unsigned int timeout_ms;	/* for all rounds of a load */
	unsigned int flags;		/* KEXEC_BPF_REGISTER_* */
	struct kb_wait wait;

	struct mutex lock;		/* protects all that follows */
	struct pid *server;		/* thread B */
	const void *parser;		/* while a load waits */
	size_t parser_size;
	bool closed;
	bool reported;
	struct kexec_bpf_report report;
};

/* The session of a file that current's process opens; or NULL. */
struct kb_session *kb_session_new(void);

/* 0, or an error of write(2) to the session file. */
int kb_session_register(struct kb_session *session, const struct kexec_bpf_register *request);

/* The file is closed: no load finds the session any more, and one that waits ends. */
void kb_session_close(struct kb_session *session);

/* Whether any session is registered. For ftrace callbacks. */
bool kb_session_any(void);

/* Whether it is of current's process. */
bool kb_session_mine(const struct kb_session *session);

/* The registered session of current's process, with a reference; or NULL. */
struct kb_session *kb_session_get(void);
void kb_session_put(struct kb_session *session);

/* Current is thread B from now on. Called with the session's lock. */
void kb_session_served_by_current(struct kb_session *session);

/* Replaces the session's report; NULL: no load was made. */
void kb_session_report(struct kb_session *session, const struct kexec_bpf_report *report);

#endif /* KB_SESSION_H */
