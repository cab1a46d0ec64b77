// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module for the tests' guests. It logs which checks of each loaded image
 * purgatory has to make, disturbs loads between machine_kexec_prepare() and
 * kimage_load_segment(), and damages loaded images.
 *
 *   insmod witness.ko
 *   echo WORD >/sys/module/witness/parameters/fault
 *                                    disturbs the next load:
 *       symbol   purgatory has no symbol for its regions
 *       memory   there is no memory for the digest's regions
 *       kill     the loading thread gets SIGKILL
 *       ftrace   the kernel turns ftrace off, as after an error in it; then
 *                the witness logs no loads any more
 *       wait     the load is delayed by WAIT_MS
 *   echo TYPE >/sys/module/witness/parameters/damage
 *                                    "normal" or "crash": changes the last byte
 *                                    of the last page of the loaded initrd's
 *                                    segment, which is after the initrd's end
 *   echo TYPE >/sys/module/witness/parameters/show
 *                                    logs how the loaded initrd begins
 *
 * In the log:  witness: loaded TYPE regions COUNT digest HEX
 *              witness: FAULT          when the fault has taken place
 *              witness: damaged ADDRESS
 *              witness: begins TEXT
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kexec.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define WAIT_MS		6000
#define DIGEST_BYTES	32
#define REGIONS		"purgatory_sha_regions"
#define DIGEST		"purgatory_sha256_digest"

/*
 * Same as the kernel's struct kexec_sha_region, of which
 * kexec_calculate_store_digests() allocates KEXEC_SEGMENT_MAX and nothing else.
 */
struct region {
	unsigned long start;
	unsigned long len;
};

#define REGIONS_BYTES	(KEXEC_SEGMENT_MAX * sizeof(struct region))

typedef void (*ftrace_kill_fn)(void);
typedef unsigned long (*lookup_fn)(const char *name);
typedef int (*symbol_fn)(struct kimage *image, const char *name, void *buf, unsigned int size,
			 bool get_value);

static lookup_fn lookup;
static symbol_fn purgatory_symbol;
static ftrace_kill_fn kill_ftrace;

static enum { NONE, SYMBOL, MEMORY, KILL, FTRACE, WAIT, FAULTS } armed;
static const char *const faults[FAULTS] = {
	"none", "symbol", "memory", "kill", "ftrace", "wait"
};
static struct task_struct *victim;	/* loading, between the two */

static bool strike(int fault)
{
	if (victim != current || armed != fault)
		return false;
	armed = NONE;
	pr_info("witness: %s\n", faults[fault]);
	return true;
}

static int on_prepare(struct kprobe *probe, struct pt_regs *regs)
{
	victim = armed == NONE ? NULL : current;
	return 0;
}

/* The kernel stores the regions after it has computed the digest. */
static int on_symbol(struct kprobe *probe, struct pt_regs *regs)
{
	if (strcmp((const char *)regs->si, REGIONS))
		return 0;
	if (strike(SYMBOL))
		regs->si = (unsigned long)"no_such_symbol";
	if (strike(KILL))
		send_sig(SIGKILL, current, 1);
	if (strike(FTRACE))
		kill_ftrace();
	if (strike(WAIT))
		mdelay(WAIT_MS);
	return 0;
}

static int on_vzalloc(struct kprobe *probe, struct pt_regs *regs)
{
	if (regs->di == REGIONS_BYTES && strike(MEMORY))
		regs->di = 1UL << 50;
	return 0;
}

static int on_segment(struct kprobe *probe, struct pt_regs *regs)
{
	victim = NULL;
	return 0;
}

/* All segments are loaded, and the kernel still has purgatory's symbols. */
static int on_terminate(struct kprobe *probe, struct pt_regs *regs)
{
	struct kimage *image = (struct kimage *)regs->di;
	struct region regions[KEXEC_SEGMENT_MAX];
	u8 digest[DIGEST_BYTES];
	int i, count = 0;

	if (!image->file_mode)
		return 0;
	if (purgatory_symbol(image, REGIONS, regions, sizeof(regions), true) ||
	    purgatory_symbol(image, DIGEST, digest, sizeof(digest), true)) {
		pr_info("witness: loaded, and purgatory has no symbols\n");
		return 0;
	}
	for (i = 0; i < KEXEC_SEGMENT_MAX; i++)
		count += !!regions[i].len;
	pr_info("witness: loaded %s regions %d digest %*phN\n",
		image->type == KEXEC_TYPE_CRASH ? "crash" : "normal", count, DIGEST_BYTES,
		digest);
	return 0;
}

static struct kprobe probes[] = {
	{ .symbol_name = "machine_kexec_prepare", .pre_handler = on_prepare },
	{ .symbol_name = "kexec_purgatory_get_set_symbol", .pre_handler = on_symbol },
	{ .symbol_name = "vzalloc_noprof", .pre_handler = on_vzalloc },
	{ .symbol_name = "kimage_load_segment", .pre_handler = on_segment },
	{ .symbol_name = "kimage_terminate", .pre_handler = on_terminate },
};

static int fault_set(const char *val, const struct kernel_param *kp)
{
	int fault = __sysfs_match_string(faults, FAULTS, val);

	if (fault < 0)
		return fault;
	armed = fault;
	return 0;
}

static const struct kernel_param_ops fault_ops = { .set = fault_set };
module_param_cb(fault, &fault_ops, NULL, 0200);

/* Returns the page that will be copied to this address. */
static struct page *source_of(struct kimage *image, unsigned long address)
{
	unsigned long entry, *next = &image->head, destination = 0;

	if (image->type == KEXEC_TYPE_CRASH)
		return pfn_to_page(address >> PAGE_SHIFT);
	while ((entry = *next++) && !(entry & IND_DONE)) {
		if (entry & IND_INDIRECTION) {
			next = phys_to_virt(entry & PAGE_MASK);
		} else if (entry & IND_DESTINATION) {
			destination = entry & PAGE_MASK;
		} else if (entry & IND_SOURCE) {
			if (destination == address)
				return pfn_to_page(entry >> PAGE_SHIFT);
			destination += PAGE_SIZE;
		}
	}
	return NULL;
}

static struct kimage *loaded_image(const char *type)
{
	const char *name = sysfs_streq(type, "crash") ? "kexec_crash_image" : "kexec_image";
	struct kimage **loaded = (struct kimage **)lookup(name);

	return loaded ? *loaded : NULL;
}

/* The initrd's segment is the last. */
static int show_set(const char *val, const struct kernel_param *kp)
{
	struct kimage *image = loaded_image(val);
	struct page *page;
	char text[16] = {};

	if (!image)
		return -ENOENT;
	page = source_of(image, image->segment[image->nr_segments - 1].mem);
	if (!page)
		return -ENOMEM;
	memcpy_from_page(text, page, 0, sizeof(text) - 1);
	pr_info("witness: begins %*pE\n", (int)sizeof(text) - 1, text);
	return 0;
}

static const struct kernel_param_ops show_ops = { .set = show_set };
module_param_cb(show, &show_ops, NULL, 0200);

/*
 * Damages the initrd's segment. Maps the page anew, because the kernel's own
 * mapping of a crash image is read-only.
 */
static int damage_set(const char *val, const struct kernel_param *kp)
{
	struct kimage *image = loaded_image(val);
	struct kexec_segment *segment;
	struct page *page;
	char *data;

	if (!image)
		return -ENOENT;
	segment = &image->segment[image->nr_segments - 1];
	if (segment->bufsz == segment->memsz)
		return -ENOSPC;
	page = source_of(image, segment->mem + segment->memsz - PAGE_SIZE);
	data = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL) : NULL;
	if (!data)
		return -ENOMEM;
	data[PAGE_SIZE - 1] ^= 0xff;
	vunmap(data);
	pr_info("witness: damaged %lx\n", segment->mem + segment->memsz - 1);
	return 0;
}

static const struct kernel_param_ops damage_ops = { .set = damage_set };
module_param_cb(damage, &damage_ops, NULL, 0200);

static int __init witness_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int i, err = register_kprobe(&probe);

	if (err)
		return err;
	lookup = (lookup_fn)probe.addr;
	unregister_kprobe(&probe);
	purgatory_symbol = (symbol_fn)lookup("kexec_purgatory_get_set_symbol");
	kill_ftrace = (ftrace_kill_fn)lookup("ftrace_kill");
	if (!purgatory_symbol || !kill_ftrace)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = register_kprobe(&probes[i]);
		if (!err)
			continue;
		pr_err("witness: %s: %d\n", probes[i].symbol_name, err);
		while (i--)
			unregister_kprobe(&probes[i]);
		return err;
	}
	return 0;
}

static void __exit witness_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kprobe(&probes[i]);
}

module_init(witness_init);
module_exit(witness_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Looks at kexec loads and disturbs them, in guests of tests");
