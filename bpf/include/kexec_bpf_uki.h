/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that say what the sections of a Unified Kernel Image become and where
 * its companion files go, as in systemd-stub (systemd-stub(7), UAPI.5). The
 * module and the default parser are built from these rows; tests/abi compares
 * them with the program's (src/formats: image/uki.rs, initrd/extra.rs).
 *
 * Like linux/lsm_hook_defs.h, this file may be included more than once. Before
 * including it, define macros for the rows that you need. The other macros
 * expand to nothing, and all are undefined at the end:
 *
 *   KEXEC_BPF_UKI_RESOURCE(id, target, rule, times, addon, pcr)
 *   KEXEC_BPF_UKI_FILE(id, target, rule, times, addon, pcr)
 *   KEXEC_BPF_UKI_OTHER(id, addon, pcr)
 *   KEXEC_BPF_UKI_DIRECTORY(path, suffix, mode, file_mode, pcr)
 *
 *  id		KEXEC_BPF_UKI_<id> is the section's name
 *  target	the resource or the initrd's file that the section becomes
 *  rule	what the module accepts for target under lockdown: one of
 *		enum kexec_bpf_uki_rule
 *  times	how often the section must then be given, unless it is empty
 *  addon	1: a PE file without .linux that has this section is an addon
 *  pcr		the PCR that systemd-stub extends with it; 0: none
 *  path	directory in the initrd
 *  suffix	suffix, in upper or lower case, of the files that belong there;
 *		the longest match decides
 *  mode	mode of the directory
 *  file_mode	mode of the files in it
 */
#ifndef KEXEC_BPF_UKI_H
#define KEXEC_BPF_UKI_H

#include "kexec_bpf.h"

/* Names in the section table */
#define KEXEC_BPF_UKI_LINUX		".linux"
#define KEXEC_BPF_UKI_INITRD		".initrd"
#define KEXEC_BPF_UKI_UCODE		".ucode"
#define KEXEC_BPF_UKI_CMDLINE		".cmdline"
#define KEXEC_BPF_UKI_PCRSIG		".pcrsig"
#define KEXEC_BPF_UKI_PCRPKEY		".pcrpkey"
#define KEXEC_BPF_UKI_OSREL		".osrel"
#define KEXEC_BPF_UKI_PROFILE		".profile"	/* starts a profile */
#define KEXEC_BPF_UKI_SPLASH		".splash"
#define KEXEC_BPF_UKI_DTB		".dtb"
#define KEXEC_BPF_UKI_DTBAUTO		".dtbauto"
#define KEXEC_BPF_UKI_EFIFW		".efifw"
#define KEXEC_BPF_UKI_HWIDS		".hwids"
#define KEXEC_BPF_UKI_UNAME		".uname"
#define KEXEC_BPF_UKI_SBAT		".sbat"
#define KEXEC_BPF_UKI_BPF		KEXEC_BPF_SECTION

/* The directory of the FILE rows, its mode and that of the files in it. */
#define KEXEC_BPF_UKI_EXTRA		".extra"
#define KEXEC_BPF_UKI_EXTRA_MODE	0555
#define KEXEC_BPF_UKI_EXTRA_FILE_MODE	0444

#define KEXEC_BPF_UKI_PCR_SECTIONS	11
#define KEXEC_BPF_UKI_PCR_CONFIG	12
#define KEXEC_BPF_UKI_PCR_SYSEXT	13

enum kexec_bpf_uki_rule {
	/* One whole section of this name, of the same profile as all others. */
	KEXEC_BPF_UKI_WHOLE = 0,
	/* The same, before anything is added to target. */
	KEXEC_BPF_UKI_WHOLE_FIRST = 1,
	/* The same, or bytes from BPF memory with their own signature. */
	KEXEC_BPF_UKI_WHOLE_OR_SIGNED = 2
};

#endif /* KEXEC_BPF_UKI_H */

#ifndef KEXEC_BPF_UKI_RESOURCE
#define KEXEC_BPF_UKI_RESOURCE(...)
#endif
#ifndef KEXEC_BPF_UKI_FILE
#define KEXEC_BPF_UKI_FILE(...)
#endif
#ifndef KEXEC_BPF_UKI_OTHER
#define KEXEC_BPF_UKI_OTHER(...)
#endif
#ifndef KEXEC_BPF_UKI_DIRECTORY
#define KEXEC_BPF_UKI_DIRECTORY(...)
#endif

KEXEC_BPF_UKI_RESOURCE(LINUX, KEXEC_BPF_KERNEL, KEXEC_BPF_UKI_WHOLE_OR_SIGNED, 1, 0,
		       KEXEC_BPF_UKI_PCR_SECTIONS)
/*
 * Before .ucode, which has the same target: an empty slice that matches both
 * counts as .initrd.
 */
KEXEC_BPF_UKI_RESOURCE(INITRD, KEXEC_BPF_INITRD, KEXEC_BPF_UKI_WHOLE_FIRST, 1, 1,
		       KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_RESOURCE(UCODE, KEXEC_BPF_INITRD, KEXEC_BPF_UKI_WHOLE, 1, 1,
		       KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_RESOURCE(CMDLINE, KEXEC_BPF_CMDLINE, KEXEC_BPF_UKI_WHOLE, 1, 1,
		       KEXEC_BPF_UKI_PCR_SECTIONS)

/*
 * In systemd-stub's order, which is that of the archives in the initrd. .pcrsig
 * signs the value that the others give their PCR, so it cannot be measured
 * there.
 */
KEXEC_BPF_UKI_FILE(PCRSIG, KEXEC_BPF_UKI_EXTRA "/tpm2-pcr-signature.json",
		   KEXEC_BPF_UKI_WHOLE, 1, 0, 0)
KEXEC_BPF_UKI_FILE(PCRPKEY, KEXEC_BPF_UKI_EXTRA "/tpm2-pcr-public-key.pem",
		   KEXEC_BPF_UKI_WHOLE, 1, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_FILE(OSREL, KEXEC_BPF_UKI_EXTRA "/os-release",
		   KEXEC_BPF_UKI_WHOLE, 1, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_FILE(PROFILE, KEXEC_BPF_UKI_EXTRA "/profile",
		   KEXEC_BPF_UKI_WHOLE, 1, 0, KEXEC_BPF_UKI_PCR_SECTIONS)

/*
 * These become nothing: under lockdown a UKI's section with one of these names
 * cannot be given to any target.
 */
KEXEC_BPF_UKI_OTHER(SPLASH, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(DTB, 1, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(DTBAUTO, 1, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(EFIFW, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(HWIDS, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(UNAME, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
KEXEC_BPF_UKI_OTHER(SBAT, 0, KEXEC_BPF_UKI_PCR_SECTIONS)
/* Unknown to systemd-stub. */
KEXEC_BPF_UKI_OTHER(BPF, 0, 0)

/*
 * In systemd-stub's order. These files are authenticated when they are used, so
 * the module accepts them without a signature, each in its own directory.
 */
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/credentials", ".cred", 0500, 0400,
			KEXEC_BPF_UKI_PCR_CONFIG)
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/global_credentials", ".cred", 0500, 0400,
			KEXEC_BPF_UKI_PCR_CONFIG)
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/sysext", ".raw", 0555, 0444,
			KEXEC_BPF_UKI_PCR_SYSEXT)
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/global_sysext", ".raw", 0555, 0444,
			KEXEC_BPF_UKI_PCR_SYSEXT)
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/confext", ".confext.raw", 0555, 0444,
			KEXEC_BPF_UKI_PCR_CONFIG)
KEXEC_BPF_UKI_DIRECTORY(KEXEC_BPF_UKI_EXTRA "/global_confext", ".confext.raw", 0555, 0444,
			KEXEC_BPF_UKI_PCR_CONFIG)

#undef KEXEC_BPF_UKI_RESOURCE
#undef KEXEC_BPF_UKI_FILE
#undef KEXEC_BPF_UKI_OTHER
#undef KEXEC_BPF_UKI_DIRECTORY
