/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake: the load shows a parser and waits until thread B attached it. */
#ifndef KB_WAIT_H
#define KB_WAIT_H

#include <linux/ktime.h>
#include <linux/types.h>

struct kb_session;

/* Takes over both eventfds of the process: 0, -EBADF or -EINVAL. */
int kb_wait_prepare(struct kb_session *session, int ready_fd, int attached_fd);
void kb_wait_release(struct kb_session *session);

/*
 * Shows the parser to thread B and waits until it has attached it: 0, -ETIMEDOUT,
 * -ECANCELED (session closed), -EINTR (killed) or -ESRCH (thread B has ended).
 */
int kb_wait_attached(struct kb_session *session, const void *parser, size_t size,
		     ktime_t deadline);

/* Whether a load of current's process waits. For the kfunc filter. */
bool kb_wait_mine(void);

#endif /* KB_WAIT_H */
