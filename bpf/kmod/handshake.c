// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A load that waits holds the kernel's kexec lock, so it checks regularly
 * whether there is still a thread B to wait for.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "handshake.h"
#include "session.h"

/* Interval between two checks whether thread B is still there. */
#define KB_TICK_MS	100

static struct pid *kb_waiting;	/* process; the kexec lock allows only one */

bool kb_handshake_mine(void)
{
	return READ_ONCE(kb_waiting) == task_tgid(current);
}

/* Lets thread B read the parser. Returns whether the session is still open. */
static bool kb_handshake_show(struct kb_session *session, const void *parser, size_t size)
{
	bool open;

	mutex_lock(&session->lock);
	open = !session->closed;
	if (open) {
		kb_wait_forget(&session->wait);
		session->parser = parser;
		session->parser_size = size;
	}
	mutex_unlock(&session->lock);
	return open;
}

/* Takes the parser away again. Returns whether the session is still open. */
static bool kb_handshake_hide(struct kb_session *session)
{
	bool open;

	mutex_lock(&session->lock);
	session->parser = NULL;
	session->parser_size = 0;
	open = !session->closed;
	mutex_unlock(&session->lock);
	return open;
}

static bool kb_handshake_served(struct kb_session *session)
{
	struct task_struct *task;
	bool served;

	mutex_lock(&session->lock);
	rcu_read_lock();
	task = pid_task(session->server, PIDTYPE_PID);
	served = task && !(READ_ONCE(task->flags) & PF_EXITING);
	rcu_read_unlock();
	mutex_unlock(&session->lock);
	return served;
}

static int kb_handshake_wait(struct kb_session *session, ktime_t deadline)
{
	while (1) {
		s64 left_ms = ktime_ms_delta(deadline, ktime_get());
		long left;

		if (left_ms <= 0)
			return -ETIMEDOUT;
		left = kb_wait_killable(&session->wait, min_t(s64, left_ms, KB_TICK_MS));
		if (left < 0)
			return -EINTR;
		if (left)
			return 0;
		if (!kb_handshake_served(session))
			return -ESRCH;
	}
}

int kb_handshake(struct kb_session *session, const void *parser, size_t size, ktime_t deadline)
{
	int err;

	if (!kb_handshake_show(session, parser, size))
		return -ECANCELED;
	WRITE_ONCE(kb_waiting, session->process);
	kb_wait_signal(&session->wait);
	err = kb_handshake_wait(session, deadline);
	WRITE_ONCE(kb_waiting, NULL);
	if (!kb_handshake_hide(session) && err != -EINTR)
		return -ECANCELED;
	return err;
}
