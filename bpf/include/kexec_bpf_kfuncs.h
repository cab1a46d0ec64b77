/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of parsers: a part of kexec_bpf.h, which includes this. */
#ifndef KEXEC_BPF_KFUNCS_H
#define KEXEC_BPF_KFUNCS_H

/*
 * The kfuncs. Only a program for the hook may call them, and only one that was
 * loaded by the process whose handshake is under way, or by a process that has
 * a session with KEXEC_BPF_REGISTER_EARLY. They act on the load of the thread
 * that runs the hook, if the program is attached with the cookie of its session
 * (EPERM otherwise). All return 0 or more, or a negative errno. The load records
 * every error but bpf_helper_read()'s ERANGE: a parser cannot ignore it, and
 * all further calls fail with it. Once the time for all rounds has expired, all
 * calls fail with ETIMEDOUT; once the process has been killed, with EINTR.
 *
 * To give bytes to a resource is to make them part of what is loaded. The
 * "kernel" can be given ("named") once per round (EEXIST). What is given to
 * "initrd" and "cmdline" is appended, except for microcode (.ucode of the image
 * and of addons), which goes to the front of the initrd. Initrd parts start at
 * multiples of 4 bytes, with at least 4 zero bytes between archives; cmdline
 * parts are trimmed and joined by one space. resource_name is a constant string
 * in .rodata, as the verifier requires for __str arguments.
 *
 * The time spent in bpf_helper_supplement_initrd() and
 * bpf_helper_decompress_slice() does not count: the time for all rounds is
 * extended by it. Together they can be called 2 * KEXEC_BPF_ADDONS_MAX times in
 * a load (E2BIG).
 */
#if defined(__KERNEL__) || defined(__bpf__)
#ifdef __bpf__
#define KEXEC_BPF_KSYM __attribute__((section(".ksyms")))
#else
#define KEXEC_BPF_KSYM
#endif

/*
 * KEXEC_BPF_IN copies the first bytes of a resource into buf, at most buf__sz,
 * and returns how many. KEXEC_BPF_OUT gives the bytes of buf to a resource;
 * nothing proves where these come from (see the security rules in
 * bpf/kmod/rules.c).
 */
int bpf_helper_carrier(const char *resource_name__str, void *buf, __u32 buf__sz,
		       _Bool in) KEXEC_BPF_KSYM;

/*
 * Decompresses src into dst, in the format that its magic number says. Returns
 * the decompressed size in bytes.
 */
int bpf_helper_decompress(const void *src, __u32 src__sz, void *dst,
			  __u32 dst__sz) KEXEC_BPF_KSYM;

/*
 * Adds a file as struct kexec_bpf_addon describes, at most KEXEC_BPF_ADDONS_MAX
 * per load. In later rounds than the first it returns 0 and does nothing,
 * because their parsers get the same list. The strings are memory with a size
 * rather than __str arguments, because they come from a map.
 */
int bpf_helper_supplement_initrd(const char *dst_dir, __u32 dst_dir__sz,
				 const char *addon_filename,
				 __u32 addon_filename__sz) KEXEC_BPF_KSYM;

/* Copies buf__sz bytes of the image from offset; ERANGE if it has fewer. */
int bpf_helper_read(__u64 offset, void *buf, __u32 buf__sz) KEXEC_BPF_KSYM;

/* Gives a slice of the image to a resource without copying it. */
int bpf_helper_slice(const char *resource_name__str, __u64 offset,
		     __u64 size) KEXEC_BPF_KSYM;

/*
 * Decompresses a slice of the image and gives the result to a resource; E2BIG
 * if it is larger than max_out bytes, EOPNOTSUPP if the kernel has no
 * decompressor for it.
 */
int bpf_helper_decompress_slice(const char *resource_name__str, __u64 offset,
				__u64 size, __u64 max_out) KEXEC_BPF_KSYM;

/*
 * Adds a slice of the image to the initrd as the file dst_path, a relative path
 * such as ".extra/os-release".
 */
int bpf_helper_supplement_slice(const char *dst_path__str, __u64 offset,
				__u64 size) KEXEC_BPF_KSYM;
#endif

#endif /* KEXEC_BPF_KFUNCS_H */
