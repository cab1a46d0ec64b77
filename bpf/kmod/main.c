// SPDX-License-Identifier: GPL-2.0-or-later
/* Module entry and exit, and which kernel functions are redirected to which. */
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/stringify.h>

#include <kexec_bpf.h>
#include "digest.h"
#include "enforce.h"
#include "hook.h"
#include "kfuncs.h"
#include "load.h"
#include "probe.h"
#include "proc.h"
#include "session.h"
#include "stock.h"

/* In order of installation: the probe comes last, because it begins a load. */
static struct kb_hook kb_hooks[] = {
	{ KB_STOCK_CLEANUP, kb_cleanup, kb_load_pending },
	{ KB_STOCK_SEGMENT, .watch = kb_segment, .optional = true },
	{ KB_STOCK_PREPARE, kb_prepare, kb_load_wanted },
	{ KB_STOCK_LOAD, kb_load, kb_load_wanted },
	{ KB_STOCK_VERIFY, kb_verify, kb_load_pending },
	{ KB_STOCK_PROBE, kb_probe, kb_probe_wanted },
};

#define KB_ABI_VERSIONS	\
	__stringify(KEXEC_BPF_ABI_VERSION_MIN) " " __stringify(KEXEC_BPF_ABI_VERSION)

static char *kb_abi_version = __stringify(KEXEC_BPF_ABI_VERSION_MIN);
static char *kb_abi_versions = KB_ABI_VERSIONS;
static char *kb_register_flags = "no_digest no_parser unpack_initrd early";

static int kb_fixed_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops kb_fixed_ops = {
	.set = kb_fixed_set,
	.get = param_get_charp,
};
module_param_cb(abi_version, &kb_fixed_ops, &kb_abi_version, 0444);
MODULE_PARM_DESC(abi_version, "oldest version of the interface to user space (read only)");
module_param_cb(abi_versions, &kb_fixed_ops, &kb_abi_versions, 0444);
MODULE_PARM_DESC(abi_versions, "all versions of the interface to user space (read only)");
module_param_cb(register_flags, &kb_fixed_ops, &kb_register_flags, 0444);
MODULE_PARM_DESC(register_flags, "what a session can ask for (read only)");

/*
 * Parsers find the kfuncs and the hook by the module's BTF. The kernel also
 * inserts a module without BTF, or (CONFIG_MODULE_ALLOW_BTF_MISMATCH) with BTF
 * that it could not read, and then every load would fail. BTF that it has read
 * is in its sysfs tree, which need not be mounted.
 */
static bool kb_has_btf(void)
{
	struct kernfs_node *directory, *file = NULL;

	if (!IS_ENABLED(CONFIG_SYSFS))
		return true;
	directory = kernfs_find_and_get(kernel_kobj->sd, "btf");
	if (directory)
		file = kernfs_find_and_get(directory, THIS_MODULE->name);
	kernfs_put(file);
	kernfs_put(directory);
	return file;
}

static int __init kb_init(void)
{
	int err;

	if (!kb_has_btf()) {
		pr_err("no BTF that this kernel can read: parsers cannot be loaded\n");
		return -ENOEXEC;
	}
	err = kb_stock_find();
	if (err)
		return err;
	/* The first step at which a second copy of this module fails. */
	err = kb_hook_install(kb_hooks, ARRAY_SIZE(kb_hooks));
	if (err)
		return err;
	kb_digest_init(kb_hook_installed(kb_hooks, ARRAY_SIZE(kb_hooks), KB_STOCK_SEGMENT));
	err = kb_kfuncs_init();
	if (err) {
		pr_err("the BPF subsystem refused the kfuncs: %d\n", err);
		goto remove;
	}
	err = kb_proc_init();
	if (err)
		goto remove;
	err = kb_enforce_init();
	if (!err)
		return 0;
	kb_proc_exit();
remove:
	kb_hook_remove(kb_hooks, ARRAY_SIZE(kb_hooks));
	return err;
}

static void __exit kb_exit(void)
{
	kb_enforce_exit();
	/*
	 * rmmod -f calls this while loads and parsers use the module. A load
	 * that lost its hooks half-way would reach the kernel's loader with an
	 * image that the kernel has not probed. With enforce on, this loop does
	 * not end. TASK_IDLE keeps it from counting as load or as a hung task,
	 * and TASK_FREEZABLE lets the system suspend.
	 */
	while (module_refcount(THIS_MODULE) > 0) {
		kb_load_reap();
		set_current_state(TASK_IDLE | TASK_FREEZABLE);
		schedule_timeout(HZ / 4);
	}
	kb_proc_exit();
	kb_hook_remove(kb_hooks, ARRAY_SIZE(kb_hooks));
}

module_init(kb_init);
module_exit(kb_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Opens PE boot images for kexec with the BPF parsers that they carry");
MODULE_VERSION("0.1.0");
