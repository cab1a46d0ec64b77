// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaches a BPF program that only returns a value to a function of the kernel
 * or of the module, as root can, and runs a command while it is attached.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

static const struct kind {
	const char *name;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} kinds[] = {
	{ "fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	{ "fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	{ "fmod_ret", BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN },
	{ "lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC },
};

/* Returns the descriptor of the program, or a negative errno. */
static int load(const struct kind *kind, const char *function, int value)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int id = btf_kernel_function_id(function), module = 0, fd;
	union bpf_attr attr = {
		.prog_type = kind->type,
		.expected_attach_type = kind->attach,
		.insns = (__u64)(unsigned long)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (__u64)(unsigned long)"GPL",
	};

	if (id == -ENOENT) {
		id = btf_function_id(function);
		module = btf_module_fd();
	}
	if (id < 0)
		return id;
	attr.attach_btf_id = id;
	attr.attach_btf_obj_fd = module;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

int tracer(const char *name, const char *function, const char *value, const char *command)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int program, link;

		if (strcmp(kinds[i].name, name))
			continue;
		program = load(&kinds[i], function, atoi(value));
		link = program < 0 ? program : program_attach(program, 0);
		printf("%s %s %d\n", name, function, link < 0 ? link : 1);
		return system(command) ? 1 : 0;
	}
	fprintf(stderr, "no kind %s\n", name);
	return 2;
}
