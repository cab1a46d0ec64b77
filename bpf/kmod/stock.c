// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kallsyms_lookup_name() is not exported, so each function is found by a kprobe
 * that never fires. A kprobe's address is after the function's ENDBR64, but an
 * indirect call must target the start of the function: IBT requires the ENDBR64
 * there, and kCFI and FineIBT check bytes at a fixed distance before it. The
 * ENDBR64 may also be poisoned, so the code does not show where the function
 * starts. kallsyms does.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/kprobes.h>
#include <linux/string.h>

#include "stock.h"

#ifndef CONFIG_X86_64
#error "kexec_bpf knows the kexec_file_load functions of x86_64 only"
#endif

/* Documentation/arch/x86/boot.rst */
#define KB_HDRS_AT	0x202
static const char kb_hdrs[4] = "HdrS";

typedef int (*kb_probe_fn)(const char *buf, unsigned long size);
typedef int (*kb_verify_fn)(const char *buf, unsigned long size);
typedef void *(*kb_load_fn)(struct kimage *image, char *kernel, unsigned long kernel_size,
			    char *initrd, unsigned long initrd_size,
			    char *cmdline, unsigned long cmdline_size);
typedef void (*kb_cleanup_fn)(struct kimage *image);
typedef int (*kb_prepare_fn)(struct kimage *image);

static struct kb_function {
	const char *name;
	bool optional;
	unsigned long address;
} kb_functions[KB_STOCKS] = {
	[KB_STOCK_PROBE] = { "bzImage64_probe" },
	[KB_STOCK_VERIFY] = { "kexec_kernel_verify_pe_sig" },
	[KB_STOCK_LOAD] = { "bzImage64_load" },
	[KB_STOCK_CLEANUP] = { "kimage_file_post_load_cleanup" },
	[KB_STOCK_PREPARE] = { "machine_kexec_prepare" },
	[KB_STOCK_SEGMENT] = { "kimage_load_segment", .optional = true },
};

/* Parses "name+0x4/0x1a0": the distance of an address from its symbol. */
static int kb_stock_distance(unsigned long address, unsigned long *distance)
{
	char symbol[KSYM_SYMBOL_LEN];
	const char *plus;

	sprint_symbol(symbol, address);
	plus = strrchr(symbol, '+');
	return plus && sscanf(plus, "+0x%lx/", distance) == 1 ? 0 : -ENOENT;
}

static int kb_stock_address_of(const char *name, unsigned long *address)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long distance;
	int err = register_kprobe(&probe);

	if (err)
		return err;
	unregister_kprobe(&probe);
	err = kb_stock_distance((unsigned long)probe.addr, &distance);
	if (!err)
		*address = (unsigned long)probe.addr - distance;
	return err;
}

int kb_stock_find(void)
{
	int i;

	for (i = 0; i < KB_STOCKS; i++) {
		struct kb_function *function = &kb_functions[i];
		int err;

		/*
		 * The function is called from another source file, so only a
		 * compiler that sees all files (LTO) can have inlined it there
		 * while keeping its symbol.
		 */
		if (function->optional && IS_ENABLED(CONFIG_LTO)) {
			pr_notice("%s: may be inlined in this kernel\n", function->name);
			continue;
		}
		err = kb_stock_address_of(function->name, &function->address);
		if (err && function->optional) {
			pr_notice("%s: not found in this kernel: %d\n", function->name, err);
		} else if (err) {
			pr_err("%s: not found in this kernel: %d\n", function->name, err);
			return err;
		}
	}
	return 0;
}

const char *kb_stock_name(enum kb_stock which)
{
	return kb_functions[which].name;
}

unsigned long kb_stock_address(enum kb_stock which)
{
	return kb_functions[which].address;
}

bool kb_stock_takes(const char *buf, unsigned long size)
{
	return size >= KB_HDRS_AT + sizeof(kb_hdrs) &&
	       !memcmp(buf + KB_HDRS_AT, kb_hdrs, sizeof(kb_hdrs)) &&
	       !kb_stock_probe(buf, size);
}

/*
 * The barriers keep the compiler from turning these into tail calls: hook.c
 * would then see the kernel's caller as parent, not this module.
 */
int kb_stock_probe(const char *buf, unsigned long size)
{
	int ret = ((kb_probe_fn)kb_stock_address(KB_STOCK_PROBE))(buf, size);

	barrier();
	return ret;
}

int kb_stock_verify(const char *buf, unsigned long size)
{
	int ret = ((kb_verify_fn)kb_stock_address(KB_STOCK_VERIFY))(buf, size);

	barrier();
	return ret;
}

void *kb_stock_load(struct kimage *image, char *kernel, unsigned long kernel_size,
		    char *initrd, unsigned long initrd_size,
		    char *cmdline, unsigned long cmdline_size)
{
	kb_load_fn load = (kb_load_fn)kb_stock_address(KB_STOCK_LOAD);
	void *ret = load(image, kernel, kernel_size, initrd, initrd_size, cmdline, cmdline_size);

	barrier();
	return ret;
}

void kb_stock_cleanup(struct kimage *image)
{
	((kb_cleanup_fn)kb_stock_address(KB_STOCK_CLEANUP))(image);
	barrier();
}

int kb_stock_prepare(struct kimage *image)
{
	int ret = ((kb_prepare_fn)kb_stock_address(KB_STOCK_PREPARE))(image);

	barrier();
	return ret;
}
