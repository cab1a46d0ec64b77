/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by all parsers: includes, the maps that user space fills, and code
 * that adds the files in the map "addons".
 */
#ifndef PARSER_BPF_H
#define PARSER_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "kexec_bpf.h"

/* Sleepable fentry, because the kfuncs read files and allocate memory. */
#define SEC_PARSER SEC("fentry.s/" KEXEC_BPF_HOOK_NAME)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kexec_bpf_selection);
} selection SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KEXEC_BPF_ADDONS_MAX);
	__type(key, __u32);
	__type(value, struct kexec_bpf_addon);
} addons SEC(".maps");

/* Resource names must be in .rodata: see the note on __str in kexec_bpf.h. */
static const char kernel_name[] = KEXEC_BPF_KERNEL;
static const char initrd_name[] = KEXEC_BPF_INITRD;
static const char cmdline_name[] = KEXEC_BPF_CMDLINE;

/*
 * Adds entry i of the list if it is of the wanted kind: a plain file (members)
 * or a PE addon. Returns 1 after the last entry and on an error.
 */
static __always_inline long add_one(__u32 i, bool members)
{
	struct kexec_bpf_addon *addon = bpf_map_lookup_elem(&addons, &i);

	if (!addon || !addon->path[0])
		return 1;
	if (!addon->dst_dir[0] == members)
		return 0;
	return bpf_helper_supplement_initrd(addon->dst_dir, sizeof(addon->dst_dir),
					    addon->path, sizeof(addon->path)) < 0;
}

/* bpf_loop() callbacks: 1 ends the loop. The load itself records errors. */
static long add_member(__u32 i, void *context)
{
	return add_one(i, true);
}

static long add_addon(__u32 i, void *context)
{
	return add_one(i, false);
}

static __always_inline void add_members(void)
{
	bpf_loop(KEXEC_BPF_ADDONS_MAX, add_member, NULL, 0);
}

static __always_inline void add_addons(void)
{
	bpf_loop(KEXEC_BPF_ADDONS_MAX, add_addon, NULL, 0);
}

#endif /* PARSER_BPF_H */
