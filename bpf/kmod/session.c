// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/kexec_bpf: registration, the parser's bytes, the report, the wait. */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <kexec_bpf.h>
#include "session.h"

/* One read(2) copies at most this much through a bounce buffer. */
#define KB_READ_BYTES	SZ_64K

struct kb_session {
	struct list_head node;		/* in kb_sessions while registered */
	refcount_t references;
	struct pid *process;

	struct eventfd_ctx *ready;
	struct file *attached_file;
	struct eventfd_ctx *attached;
	wait_queue_head_t *attached_queue;
	wait_queue_entry_t attached_entry;
	poll_table poll;
	struct completion done;		/* attached, or closed */
	unsigned int timeout_ms;

	struct mutex lock;		/* protects the next three */
	const void *parser;		/* while a load waits */
	size_t parser_size;
	bool closed;

	/* A spinlock, because the last word on a load comes from a callback. */
	spinlock_t report_lock;
	struct kexec_bpf_report report;
	bool reported;
};

static LIST_HEAD(kb_sessions);
static DEFINE_MUTEX(kb_sessions_lock);
static atomic_t kb_registered = ATOMIC_INIT(0);
static struct proc_dir_entry *kb_proc;
static struct pid *kb_handshaking;	/* process; the kexec lock makes it single */

static unsigned int kb_timeout_ms = KEXEC_BPF_TIMEOUT_DEFAULT_MS;

static int kb_timeout_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, KEXEC_BPF_TIMEOUT_MIN_MS,
				     KEXEC_BPF_TIMEOUT_MAX_MS);
}

static const struct kernel_param_ops kb_timeout_ops = {
	.set = kb_timeout_set,
	.get = param_get_uint,
};
module_param_cb(timeout_ms, &kb_timeout_ops, &kb_timeout_ms, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a load waits for its parser, 100 to 60000, default 10000");

bool notrace kb_session_any(void)
{
	return atomic_read(&kb_registered) > 0;
}

bool kb_session_handshaking(void)
{
	return READ_ONCE(kb_handshaking) == task_tgid(current);
}

unsigned int kb_session_timeout_ms(const struct kb_session *session)
{
	return session->timeout_ms;
}

static bool kb_session_mine(const struct kb_session *session)
{
	return session->process == task_tgid(current);
}

struct kb_session *kb_session_get(void)
{
	struct kb_session *session, *found = NULL;

	mutex_lock(&kb_sessions_lock);
	list_for_each_entry(session, &kb_sessions, node) {
		if (kb_session_mine(session)) {
			refcount_inc(&session->references);
			found = session;
			break;
		}
	}
	mutex_unlock(&kb_sessions_lock);
	return found;
}

/* Does not sleep: called from an ftrace callback, too. */
void kb_session_put(struct kb_session *session)
{
	u64 count;

	if (!refcount_dec_and_test(&session->references))
		return;
	if (session->attached) {
		eventfd_ctx_remove_wait_queue(session->attached, &session->attached_entry, &count);
		eventfd_ctx_put(session->attached);
		fput(session->attached_file);
		eventfd_ctx_put(session->ready);
	}
	put_pid(session->process);
	kfree(session);
}

void kb_session_report(struct kb_session *session, const struct kexec_bpf_report *report)
{
	spin_lock(&session->report_lock);
	session->reported = report;
	if (report)
		session->report = *report;
	spin_unlock(&session->report_lock);
}

/* Runs under the eventfd's queue lock, in the context of whoever writes it. */
static int kb_attached_wake(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct kb_session *session = container_of(entry, struct kb_session, attached_entry);

	if (key_to_poll(key) & EPOLLIN)
		complete(&session->done);
	return 0;
}

static void kb_attached_queue(struct file *file, wait_queue_head_t *queue, poll_table *poll)
{
	struct kb_session *session = container_of(poll, struct kb_session, poll);

	session->attached_queue = queue;
	add_wait_queue(queue, &session->attached_entry);
}

/*
 * The session waits on the eventfd by an entry of its own in the eventfd's
 * queue: reading it would block without a bound.
 */
int kb_session_handshake(struct kb_session *session, const void *parser, size_t size)
{
	unsigned long flags;
	bool closed;
	u64 stale;
	long left;

	mutex_lock(&session->lock);
	spin_lock_irqsave(&session->attached_queue->lock, flags);
	eventfd_ctx_do_read(session->attached, &stale);
	reinit_completion(&session->done);
	spin_unlock_irqrestore(&session->attached_queue->lock, flags);
	closed = session->closed;
	if (!closed) {
		session->parser = parser;
		session->parser_size = size;
	}
	mutex_unlock(&session->lock);
	if (closed)
		return -ECANCELED;

	WRITE_ONCE(kb_handshaking, session->process);
	eventfd_signal(session->ready);
	left = wait_for_completion_killable_timeout(&session->done,
						    msecs_to_jiffies(session->timeout_ms));
	WRITE_ONCE(kb_handshaking, NULL);

	mutex_lock(&session->lock);
	session->parser = NULL;
	session->parser_size = 0;
	closed = session->closed;
	mutex_unlock(&session->lock);
	if (left < 0)
		return -EINTR;
	if (closed)
		return -ECANCELED;
	return left ? 0 : -ETIMEDOUT;
}

static int kb_open(struct inode *inode, struct file *file)
{
	struct kb_session *session;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	INIT_LIST_HEAD(&session->node);
	refcount_set(&session->references, 1);
	session->process = get_pid(task_tgid(current));
	init_completion(&session->done);
	mutex_init(&session->lock);
	spin_lock_init(&session->report_lock);
	file->private_data = session;
	return 0;
}

static int kb_release(struct inode *inode, struct file *file)
{
	struct kb_session *session = file->private_data;

	mutex_lock(&kb_sessions_lock);
	if (!list_empty(&session->node)) {
		list_del_init(&session->node);
		atomic_dec(&kb_registered);
	}
	mutex_unlock(&kb_sessions_lock);

	mutex_lock(&session->lock);
	session->closed = true;
	mutex_unlock(&session->lock);
	complete(&session->done);
	kb_session_put(session);
	return 0;
}

static int kb_session_eventfds(struct kb_session *session, int ready_fd, int attached_fd)
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
	init_waitqueue_func_entry(&session->attached_entry, kb_attached_wake);
	init_poll_funcptr(&session->poll, kb_attached_queue);
	vfs_poll(file, &session->poll);
	return 0;
}

static int kb_session_register(struct kb_session *session, const struct kexec_bpf_register *request)
{
	struct kb_session *other;
	int err;

	if (request->abi_version != KEXEC_BPF_ABI_VERSION)
		return -EINVAL;
	if (request->timeout_ms && (request->timeout_ms < KEXEC_BPF_TIMEOUT_MIN_MS ||
				    request->timeout_ms > KEXEC_BPF_TIMEOUT_MAX_MS))
		return -EINVAL;

	mutex_lock(&kb_sessions_lock);
	err = -EBUSY;
	list_for_each_entry(other, &kb_sessions, node)
		if (kb_session_mine(other))
			goto out;
	err = kb_session_eventfds(session, request->ready_fd, request->attached_fd);
	if (err)
		goto out;
	session->timeout_ms = request->timeout_ms ?: READ_ONCE(kb_timeout_ms);
	list_add(&session->node, &kb_sessions);
	atomic_inc(&kb_registered);
out:
	mutex_unlock(&kb_sessions_lock);
	return err;
}

static ssize_t kb_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct kb_session *session = file->private_data;
	struct kexec_bpf_register request;
	int err;

	if (!kb_session_mine(session))
		return -EPERM;
	if (size != sizeof(request))
		return -EINVAL;
	if (copy_from_user(&request, buf, sizeof(request)))
		return -EFAULT;
	err = kb_session_register(session, &request);
	return err ?: size;
}

static ssize_t kb_read_report(struct kb_session *session, char __user *buf, size_t size)
{
	struct kexec_bpf_report *report;
	ssize_t ret = sizeof(*report);
	bool reported;

	if (size < sizeof(*report))
		return -EINVAL;
	report = kmalloc(sizeof(*report), GFP_KERNEL);
	if (!report)
		return -ENOMEM;
	spin_lock(&session->report_lock);
	reported = session->reported;
	*report = session->report;
	spin_unlock(&session->report_lock);
	if (!reported)
		ret = -ENODATA;
	else if (copy_to_user(buf, report, sizeof(*report)))
		ret = -EFAULT;
	kfree(report);
	return ret;
}

/*
 * The bytes go through a bounce buffer: a fault on the reader's page must not
 * hold the lock that the load needs to give up waiting.
 */
static ssize_t kb_read_parser(struct kb_session *session, char __user *buf, size_t size,
			      loff_t *pos)
{
	ssize_t ret = -ENODATA;
	void *bounce;

	size = min_t(size_t, size, KB_READ_BYTES);
	bounce = kvmalloc(size, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	mutex_lock(&session->lock);
	if (session->parser) {
		ret = 0;
		if (*pos < session->parser_size) {
			ret = min_t(size_t, size, session->parser_size - *pos);
			memcpy(bounce, session->parser + *pos, ret);
		}
	}
	mutex_unlock(&session->lock);
	if (ret > 0 && copy_to_user(buf, bounce, ret))
		ret = -EFAULT;
	if (ret > 0)
		*pos += ret;
	kvfree(bounce);
	return ret;
}

static ssize_t kb_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	struct kb_session *session = file->private_data;

	if (!kb_session_mine(session))
		return -EPERM;
	if (!size)
		return 0;
	if (*pos == KEXEC_BPF_REPORT_OFFSET)
		return kb_read_report(session, buf, size);
	return kb_read_parser(session, buf, size, pos);
}

static const struct proc_ops kb_proc_ops = {
	.proc_open = kb_open,
	.proc_release = kb_release,
	.proc_read = kb_read,
	.proc_write = kb_write,
	.proc_lseek = default_llseek,
};

int kb_session_init(void)
{
	kb_proc = proc_create(KEXEC_BPF_PROC_NAME, 0600, NULL, &kb_proc_ops);
	return kb_proc ? 0 : -ENOMEM;
}

/* Releases the files that are still open. */
void kb_session_exit(void)
{
	proc_remove(kb_proc);
}
