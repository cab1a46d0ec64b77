// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IMA appraises and measures files as the kernel reads them, in
 * security_kernel_read_file(). About bytes that came another way this module
 * can only ask: IMA refuses them if its policy appraises kexec kernels.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ima.h>
#include <linux/minmax.h>
#include <linux/security.h>

#include "lsm.h"

/* Label and event name of the measurement, for IMA policies: docs/ima.md. */
#define KB_IMA_LABEL	"kexec_bpf"
#define KB_IMA_EVENT	"kexec-bpf-cmdline"

bool kb_lsm_locked_down(void)
{
	static bool known;

	if (READ_ONCE(known))
		return true;
	if (!security_locked_down(LOCKDOWN_KEXEC))
		return false;
	WRITE_ONCE(known, true);
	return true;
}

/*
 * IMA acts only on LOADING_KEXEC_IMAGE, so its answer to that holds for the
 * initrd as well; other LSMs may act on either. Any answer but 0 refuses,
 * because a BPF program of type fmod_ret can make it a positive number.
 */
int kb_lsm_admit_unseen(bool initrd)
{
	if (security_kernel_load_data(LOADING_KEXEC_IMAGE, false))
		return -EACCES;
	if (initrd && security_kernel_load_data(LOADING_KEXEC_INITRAMFS, false))
		return -EACCES;
	return 0;
}

void kb_lsm_measure_cmdline(const char *cmdline, size_t size)
{
	/*
	 * IMA does not accept an empty buffer, so an empty command line is
	 * measured as its NUL. The call fails if no policy asks for the
	 * measurement, and then there is nothing to do.
	 */
	ima_measure_critical_data(KB_IMA_LABEL, KB_IMA_EVENT, cmdline, max_t(size_t, size, 1),
				  false, NULL, 0);
}
