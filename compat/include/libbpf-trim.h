/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read before each source file of libbpf (.cargo/config.toml), to leave out what
 * this program cannot come to. Remove when libbpf can be built without them.
 */
#ifndef COMPAT_LIBBPF_TRIM_H
#define COMPAT_LIBBPF_TRIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* libbpf_internal.h forbids names that this one has. */
#include <sys/epoll.h>
#include "libbpf_internal.h"

/*
 * sys::log drops messages of this level. Arguments are still type-checked and
 * count as used.
 */
#undef pr_debug
#define pr_debug(fmt, ...)						\
	do {								\
		if (0)							\
			__pr(LIBBPF_DEBUG, fmt, ##__VA_ARGS__);		\
	} while (0)

/*
 * How libbpf attaches a program is a table of functions by section name, so the
 * linker keeps them all, and with them the search for symbols in user programs.
 * sys::bpf only lets through what attach_trace is for, fentry. The others become
 * null pointers in the table, for which bpf_program__attach() has -EOPNOTSUPP.
 * That works because the table has the plain names, and declarations and
 * definitions have the name and a parenthesis: these make functions that nothing
 * uses.
 */
enum {
	attach_iter = 0,
	attach_kprobe = 0,
	attach_kprobe_multi = 0,
	attach_kprobe_session = 0,
	attach_ksyscall = 0,
	attach_lsm = 0,
	attach_raw_tp = 0,
	attach_tp = 0,
	attach_uprobe = 0,
	attach_uprobe_multi = 0,
	attach_usdt = 0,
};

#define attach_iter(...) unused_iter(__VA_ARGS__)
#define attach_kprobe(...) unused_kprobe(__VA_ARGS__)
#define attach_kprobe_multi(...) unused_kprobe_multi(__VA_ARGS__)
#define attach_kprobe_session(...) unused_kprobe_session(__VA_ARGS__)
#define attach_ksyscall(...) unused_ksyscall(__VA_ARGS__)
#define attach_lsm(...) unused_lsm(__VA_ARGS__)
#define attach_raw_tp(...) unused_raw_tp(__VA_ARGS__)
#define attach_tp(...) unused_tp(__VA_ARGS__)
#define attach_uprobe(...) unused_uprobe(__VA_ARGS__)
#define attach_uprobe_multi(...) unused_uprobe_multi(__VA_ARGS__)
#define attach_usdt(...) unused_usdt(__VA_ARGS__)

#endif
