// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The session waits on thread B's eventfd by an entry of its own in the eventfd's
 * queue: reading it would block without a bound.
 */
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "session.h"
#include "wait.h"

/* How often a load looks whether thread B is still there. */
#define KB_TICK_MS	100

static struct pid *kb_waiting;	/* process; the kexec lock makes it single */

bool kb_wait_mine(void)
{
	return READ_ONCE(kb_waiting) == task_tgid(current);
}

/* Runs under the eventfd's queue lock, in the context of whoever writes it. */
static int kb_wait_wake(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct kb_session *session = container_of(entry, struct kb_session, attached_entry);

	if (key_to_poll(key) & EPOLLIN)
		complete(&session->done);
	return 0;
}

static void kb_wait_queue(struct file *file, wait_queue_head_t *queue, poll_table *poll)
{
	struct kb_session *session = container_of(poll, struct kb_session, poll);

	session->attached_queue = queue;
	add_wait_queue(queue, &session->attached_entry);
}

int kb_wait_prepare(struct kb_session *session, int ready_fd, int attached_fd)
{
	struct eventfd_ctx *ready, *attached;
	struct file *file;

	ready = eventfd_ctx_fdget(ready_fd);
	if (IS_ERR(ready))
		return PTR_ERR(ready);
	file = eventfd_fget(attached_fd);
	if (IS_ERR(file)) {
		eventfd_ctx_put(ready);
		return PTR_ERR(file);
	}
	attached = eventfd_ctx_fileget(file);
	if (IS_ERR(attached)) {
		fput(file);
		eventfd_ctx_put(ready);
		return PTR_ERR(attached);
	}
	session->ready = ready;
	session->attached_file = file;
	session->attached = attached;
	init_waitqueue_func_entry(&session->attached_entry, kb_wait_wake);
	init_poll_funcptr(&session->poll, kb_wait_queue);
	vfs_poll(file, &session->poll);
	return 0;
}

void kb_wait_release(struct kb_session *session)
{
	u64 count;

	if (!session->attached)
		return;
	eventfd_ctx_remove_wait_queue(session->attached, &session->attached_entry, &count);
	eventfd_ctx_put(session->attached);
	fput(session->attached_file);
	eventfd_ctx_put(session->ready);
}

/* A signal from before does not count. */
static void kb_wait_forget(struct kb_session *session)
{
	unsigned long flags;
	u64 stale;

	spin_lock_irqsave(&session->attached_queue->lock, flags);
	eventfd_ctx_do_read(session->attached, &stale);
	reinit_completion(&session->done);
	spin_unlock_irqrestore(&session->attached_queue->lock, flags);
}

/* False: the session is closed. */
static bool kb_wait_show(struct kb_session *session, const void *parser, size_t size)
{
	bool closed;

	mutex_lock(&session->lock);
	kb_wait_forget(session);
	closed = session->closed;
	if (!closed) {
		session->parser = parser;
		session->parser_size = size;
	}
	mutex_unlock(&session->lock);
	return !closed;
}

/* Returns whether the session is still open. */
static bool kb_wait_hide(struct kb_session *session)
{
	bool open;

	mutex_lock(&session->lock);
	session->parser = NULL;
	session->parser_size = 0;
	open = !session->closed;
	mutex_unlock(&session->lock);
	return open;
}

static bool kb_wait_served(struct kb_session *session)
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

static int kb_wait_ticks(struct kb_session *session, ktime_t deadline)
{
	while (1) {
		s64 left_ms = ktime_ms_delta(deadline, ktime_get());
		long left;

		if (left_ms <= 0)
			return -ETIMEDOUT;
		left = wait_for_completion_killable_timeout(&session->done,
							    msecs_to_jiffies(min_t(s64, left_ms,
										   KB_TICK_MS)));
		if (left < 0)
			return -EINTR;
		if (left)
			return 0;
		if (!kb_wait_served(session))
			return -ESRCH;
	}
}

int kb_wait_attached(struct kb_session *session, const void *parser, size_t size,
		     ktime_t deadline)
{
	int err;

	if (!kb_wait_show(session, parser, size))
		return -ECANCELED;
	WRITE_ONCE(kb_waiting, session->process);
	eventfd_signal(session->ready);
	err = kb_wait_ticks(session, deadline);
	WRITE_ONCE(kb_waiting, NULL);
	if (!kb_wait_hide(session) && err != -EINTR)
		return -ECANCELED;
	return err;
}
