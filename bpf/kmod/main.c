// SPDX-License-Identifier: GPL-2.0-or-later
/* Module entry and exit. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include <kexec_bpf.h>
#include "hook.h"
#include "kfuncs.h"
#include "parser.h"
#include "session.h"

static int kb_abi_version_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", KEXEC_BPF_ABI_VERSION);
}

static int kb_abi_version_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops kb_abi_version_ops = {
	.set = kb_abi_version_set,
	.get = kb_abi_version_get,
};
module_param_cb(abi_version, &kb_abi_version_ops, NULL, 0444);
MODULE_PARM_DESC(abi_version, "version of the interface to user space (read only)");

static int __init kb_init(void)
{
	int err;

	kb_parser_init();
	err = kb_kfuncs_init();
	if (err) {
		pr_err("the BPF subsystem refused the kfuncs: %d\n", err);
		return err;
	}
	err = kb_session_init();
	if (err)
		return err;
	err = kb_hook_install();
	if (err)
		kb_session_exit();
	return err;
}

static void __exit kb_exit(void)
{
	kb_session_exit();
	kb_hook_remove();
}

module_init(kb_init);
module_exit(kb_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Opens PE boot images for kexec by a BPF parser that they carry");
MODULE_VERSION("0.1.0");
