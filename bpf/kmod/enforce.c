// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * While its gates are closed, enforce refuses loads: kb_enforce_refuse(). Once
 * it is on, only a reboot turns it off. The module then holds a reference to
 * itself. rmmod -f, which lockdown does not prevent, gets into an exit function
 * that waits for the last reference (main.c), so the hooks stay installed.
 *
 * An image that was loaded earlier has passed no gate. So enforce is turned on
 * only while no image is loaded or being loaded: the gates close first, then
 * the module checks what the kernel holds.
 */
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "enforce.h"
#include "images.h"
#include "lsm.h"

/* Time to wait for a load under way, before enforce fails to turn on. */
#define KB_LOCK_TRIES	50
#define KB_LOCK_TRY_MS	20

/* Protects the variables below; some are also read without it. */
static DEFINE_MUTEX(kb_enforce_lock);
static bool kb_enforce_gates;	/* closed: loads are refused */
static bool kb_enforce_kept;	/* on until reboot */
static bool kb_enforce_asked;	/* enforce=1 at insertion */

static enum {
	KB_COMING,
	KB_LIVE,
	KB_GOING
} kb_enforce_module;

bool notrace kb_enforce_on(void)
{
	return READ_ONCE(kb_enforce_gates);
}

int kb_enforce_refuse(const char *call, const char *why)
{
	char comm[TASK_COMM_LEN];

	if (!kb_enforce_on())
		return 0;
	get_task_comm(comm, current);
	if (strstarts(why, KB_ENFORCE ": "))
		why += strlen(KB_ENFORCE ": ");
	pr_notice_ratelimited(KB_ENFORCE ": %s by %*pE[%d] refused: %*pE\n", call,
			      (int)strlen(comm), comm, task_pid_nr(current), (int)strlen(why),
			      why);
	return -EPERM;
}

/* Closes the gates, and leaves them closed if the kernel holds nothing. */
static enum kb_held kb_enforce_close(void)
{
	enum kb_held held = kb_images_held();

	if (held != KB_HELD_NOTHING)
		return held;
	WRITE_ONCE(kb_enforce_gates, true);
	/* A load that began earlier holds the lock, or has loaded an image. */
	held = kb_images_held();
	if (held != KB_HELD_NOTHING)
		WRITE_ONCE(kb_enforce_gates, false);
	return held;
}

/* Called with kb_enforce_lock held. */
static int kb_enforce_start(void)
{
	enum kb_held held;
	int tries = 0;

	if (kb_enforce_kept)
		return 0;
	if (kb_enforce_module == KB_GOING)
		return -ENODEV;
	/* Reading the crash size takes the lock for a moment: try again. */
	while ((held = kb_enforce_close()) == KB_HELD_LOCK && tries++ < KB_LOCK_TRIES)
		msleep(KB_LOCK_TRY_MS);
	if (held != KB_HELD_NOTHING) {
		pr_err(KB_ENFORCE ": not turned on: %s\n", kb_images_words(held));
		return -EBUSY;
	}
	kb_enforce_kept = true;
	__module_get(THIS_MODULE);
	pr_notice(KB_ENFORCE ": on until reboot: only whole, verified images are loaded (lockdown: %s)\n",
		  kb_lsm_locked_down() ? "on" : "off, so root can undo this");
	return 0;
}

static int kb_enforce_set(const char *val, const struct kernel_param *kp)
{
	bool wanted;
	int err = val ? kstrtobool(val, &wanted) : 0;

	if (err)
		return err;
	if (!val)
		wanted = true;
	mutex_lock(&kb_enforce_lock);
	if (kb_enforce_module == KB_COMING) {
		/*
		 * A write to sysfs this early does not take the request back.
		 */
		kb_enforce_asked |= wanted;
	} else if (wanted) {
		err = kb_enforce_start();
	} else if (kb_enforce_kept) {
		kb_enforce_refuse("enforce=0", "it stays on until reboot");
		err = -EPERM;
	}
	mutex_unlock(&kb_enforce_lock);
	return err;
}

static int kb_enforce_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", READ_ONCE(kb_enforce_kept) ? 'Y' : 'N');
}

static const struct kernel_param_ops kb_enforce_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = kb_enforce_set,
	.get = kb_enforce_get,
};
module_param_cb(enforce, &kb_enforce_ops, NULL, 0644);
MODULE_PARM_DESC(enforce, "load only whole, verified images; once on, it stays on until reboot");

int kb_enforce_init(void)
{
	int err = 0;

	mutex_lock(&kb_enforce_lock);
	if (kb_enforce_asked)
		err = kb_enforce_start();
	if (!err)
		kb_enforce_module = KB_LIVE;
	mutex_unlock(&kb_enforce_lock);
	return err;
}

void kb_enforce_exit(void)
{
	mutex_lock(&kb_enforce_lock);
	kb_enforce_module = KB_GOING;
	if (kb_enforce_kept)
		pr_notice(KB_ENFORCE ": the module is being removed: nothing can be loaded until reboot\n");
	mutex_unlock(&kb_enforce_lock);
}
