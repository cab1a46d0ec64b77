// SPDX-License-Identifier: GPL-2.0-or-later
/* BPF programs by the bare system call, as an attacker would bring them. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define LOG_BYTES	(64 << 10)

static char log_text[LOG_BYTES];

static int bpf(int command, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* The line of the verifier that says what it did not like. */
static void print_refusal(void)
{
	char *line;

	for (line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "not allowed"))
			printf("verifier %s\n", line);
}

int program_load(enum calls calls)
{
	/* 8 bytes of stack, bpf_helper_read(0, stack, 8), return 0 */
	struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 8 },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .off = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const int count = sizeof(code) / sizeof(code[0]);
	const int skipped = calls == CALLS_KFUNC ? 0 : 6;
	/* A kfunc's .off is the place of its module's BTF in here; 0 is vmlinux. */
	int btf_fds[2] = { 0, btf_module_fd() };
	int hook = btf_function_id(KEXEC_BPF_HOOK_NAME);
	int kfunc = btf_function_id("bpf_helper_read");
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.prog_flags = BPF_F_SLEEPABLE,
		.insns = (__u64)(unsigned long)(code + skipped),
		.insn_cnt = count - skipped,
		.license = (__u64)(unsigned long)"GPL",
		.log_level = 1,
		.log_buf = (__u64)(unsigned long)log_text,
		.log_size = sizeof(log_text),
		.attach_btf_id = hook,
		.attach_btf_obj_fd = btf_fds[1],
		.fd_array = (__u64)(unsigned long)btf_fds,
	};
	int fd;

	if (btf_fds[1] < 0 || hook < 0 || kfunc < 0) {
		printf("btf %d %d %d\n", btf_fds[1], hook, kfunc);
		return -ENOENT;
	}
	code[5].imm = kfunc;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		print_refusal();
	close(btf_fds[1]);
	return fd;
}

int program_attach(int program_fd)
{
	union bpf_attr attr = { .raw_tracepoint.prog_fd = program_fd };

	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

int program_count(void)
{
	__u32 id = 0;
	int count = 0;

	for (;; count++) {
		union bpf_attr attr = { .start_id = id };
		int err = bpf(BPF_PROG_GET_NEXT_ID, &attr);

		if (err)
			return err == -ENOENT ? count : err;
		id = attr.next_id;
	}
}
