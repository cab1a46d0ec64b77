// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers sessions and finds them for loads. */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "session.h"

#define KB_SESSION_FLAGS	(KEXEC_BPF_REGISTER_NO_DIGEST | KEXEC_BPF_REGISTER_NO_PARSER | \
				 KEXEC_BPF_REGISTER_UNPACK_INITRD | KEXEC_BPF_REGISTER_EARLY)

/* Flags that need a parser. */
#define KB_PARSER_FLAGS		(KEXEC_BPF_REGISTER_UNPACK_INITRD | KEXEC_BPF_REGISTER_EARLY)

static LIST_HEAD(kb_sessions);
static DEFINE_MUTEX(kb_sessions_lock);
static atomic_t kb_registered = ATOMIC_INIT(0);

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
MODULE_PARM_DESC(timeout_ms, "time limit for all parsers of a load in ms, 100 to 60000, default 5000");

bool notrace kb_session_any(void)
{
	return atomic_read(&kb_registered) > 0;
}

bool kb_session_mine(const struct kb_session *session)
{
	return session->process == task_tgid(current);
}

struct kb_session *kb_session_new(void)
{
	struct kb_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	INIT_LIST_HEAD(&session->node);
	refcount_set(&session->references, 1);
	session->process = get_pid(task_tgid(current));
	kb_wait_init(&session->wait);
	mutex_init(&session->lock);
	return session;
}

/* Called with the list's lock held. */
static struct kb_session *kb_session_find(void)
{
	struct kb_session *session;

	list_for_each_entry(session, &kb_sessions, node)
		if (kb_session_mine(session))
			return session;
	return NULL;
}

struct kb_session *kb_session_get(void)
{
	struct kb_session *found;

	mutex_lock(&kb_sessions_lock);
	found = kb_session_find();
	if (found)
		refcount_inc(&found->references);
	mutex_unlock(&kb_sessions_lock);
	return found;
}

bool kb_session_prepares(void)
{
	struct kb_session *found;
	bool prepares;

	mutex_lock(&kb_sessions_lock);
	found = kb_session_find();
	prepares = found && found->flags & KEXEC_BPF_REGISTER_EARLY;
	mutex_unlock(&kb_sessions_lock);
	return prepares;
}

/* Returns a cookie that no program has by chance. */
static u64 kb_session_cookie(void)
{
	u64 cookie;

	do {
		cookie = get_random_u64();
	} while (!cookie);
	return cookie;
}

void kb_session_put(struct kb_session *session)
{
	if (!refcount_dec_and_test(&session->references))
		return;
	kb_wait_close(&session->wait);
	put_pid(session->server);
	put_pid(session->process);
	kfree(session);
}

void kb_session_close(struct kb_session *session)
{
	mutex_lock(&kb_sessions_lock);
	if (!list_empty(&session->node)) {
		list_del_init(&session->node);
		atomic_dec(&kb_registered);
	}
	mutex_unlock(&kb_sessions_lock);

	mutex_lock(&session->lock);
	session->closed = true;
	mutex_unlock(&session->lock);
	kb_wait_end(&session->wait);
}

void kb_session_served_by_current(struct kb_session *session)
{
	if (session->server == task_pid(current))
		return;
	put_pid(session->server);
	session->server = get_pid(task_pid(current));
}

static bool kb_session_valid(const struct kexec_bpf_register *request)
{
	if (request->abi_version < KEXEC_BPF_ABI_VERSION_MIN ||
	    request->abi_version > KEXEC_BPF_ABI_VERSION)
		return false;
	if (request->flags & ~KB_SESSION_FLAGS ||
	    memchr_inv(request->reserved, 0, sizeof(request->reserved)))
		return false;
	if (request->flags & KEXEC_BPF_REGISTER_NO_PARSER)
		return request->ready_fd == -1 && request->attached_fd == -1 &&
		       !request->timeout_ms && !(request->flags & KB_PARSER_FLAGS);
	return !request->timeout_ms || (request->timeout_ms >= KEXEC_BPF_TIMEOUT_MIN_MS &&
					request->timeout_ms <= KEXEC_BPF_TIMEOUT_MAX_MS);
}

int kb_session_register(struct kb_session *session, const struct kexec_bpf_register *request)
{
	int err = 0;

	if (!kb_session_valid(request))
		return -EINVAL;

	mutex_lock(&kb_sessions_lock);
	if (kb_session_find())
		err = -EBUSY;
	else if (!(request->flags & KEXEC_BPF_REGISTER_NO_PARSER))
		err = kb_wait_open(&session->wait, request->ready_fd, request->attached_fd);
	if (err)
		goto out;
	session->abi_version = request->abi_version;
	session->flags = request->flags;
	if (request->flags & KEXEC_BPF_REGISTER_EARLY)
		session->cookie = kb_session_cookie();
	session->timeout_ms = request->timeout_ms ?: READ_ONCE(kb_timeout_ms);
	mutex_lock(&session->lock);
	kb_session_served_by_current(session);
	mutex_unlock(&session->lock);
	list_add(&session->node, &kb_sessions);
	atomic_inc(&kb_registered);
out:
	mutex_unlock(&kb_sessions_lock);
	return err;
}

void kb_session_report(struct kb_session *session, const struct kexec_bpf_report *report)
{
	mutex_lock(&session->lock);
	session->reported = report;
	if (report) {
		session->report = *report;
		session->report.abi_version = session->abi_version;
		session->report.size = sizeof(*report);
		session->report.timeout_ms = session->timeout_ms;
	}
	mutex_unlock(&session->lock);
}
