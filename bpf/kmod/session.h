/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One open file of /proc/kexec_bpf, and the handshake over its eventfds. */
#ifndef KB_SESSION_H
#define KB_SESSION_H

#include <linux/types.h>

struct bpf_prog;
struct kb_session;
struct kexec_bpf_report;

int kb_session_init(void);
void kb_session_exit(void);

/* Is any session registered? For ftrace callbacks. */
bool kb_session_any(void);

/* The registered session of current's process, with a reference; or NULL. */
struct kb_session *kb_session_get(void);
void kb_session_put(struct kb_session *session);

/*
 * Shows the parser to thread B and waits until it has attached it.
 * 0, -ETIMEDOUT, -ECANCELED (session closed) or -EINTR (killed).
 */
int kb_session_handshake(struct kb_session *session, const void *parser, size_t size);

/* Does current's process have a handshake under way? For the kfunc filter. */
bool kb_session_handshaking(void);

/* Replaces the session's report; NULL: no load was made. */
void kb_session_report(struct kb_session *session, const struct kexec_bpf_report *report);

unsigned int kb_session_timeout_ms(const struct kb_session *session);

#endif /* KB_SESSION_H */
