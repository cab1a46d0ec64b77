// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads BPF programs by bpf(2) itself, as an attacker would. */
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define LOG_BYTES	(1 << 20)

/*
 * program_load_race(): how often it decompresses, the size of the output, and
 * the size of the magic number, which is not changed.
 */
#define RACES		400
#define OUTPUT_BYTES	(1 << 20)
#define KEPT		6

static char log_text[LOG_BYTES];

static int bpf(int command, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* Prints the lines in which the verifier says what is not allowed. */
static void print_refusal(void)
{
	char *line;

	for (line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "not allowed"))
			printf("verifier %s\n", line);
}

#define MAP_VALUE(reg, fd)						\
	{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (reg),		\
	  .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = (fd) },		\
	{ }
#define MOVE(reg, value)						\
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), .imm = (value) }
/* The address of byte @at of the stack */
#define STACK(reg, at)							\
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (reg), .src_reg = BPF_REG_10 },	\
	{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (reg), .imm = (at) }
/* off is the index of the module's BTF in load_code()'s fd_array. */
#define CALL(kfunc)							\
	{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .off = 1, .imm = (kfunc) }
#define EXIT								\
	{ .code = BPF_JMP | BPF_EXIT }

/* Loads a program for the hook. */
static int load_code(const struct bpf_insn *code, int count)
{
	/*
	 * A call's .off is an index in here, of its module's BTF; 0 is vmlinux.
	 */
	int btf_fds[2] = { 0, btf_module_fd() };
	int hook = btf_function_id(KEXEC_BPF_HOOK_NAME);
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.prog_flags = BPF_F_SLEEPABLE,
		.insns = (__u64)(unsigned long)code,
		.insn_cnt = count,
		.license = (__u64)(unsigned long)"GPL",
		.log_level = 1,
		.log_buf = (__u64)(unsigned long)log_text,
		.log_size = sizeof(log_text),
		.attach_btf_id = hook,
		.attach_btf_obj_fd = btf_fds[1],
		.fd_array = (__u64)(unsigned long)btf_fds,
	};
	int fd;

	if (btf_fds[1] < 0 || hook < 0) {
		printf("btf %d %d\n", btf_fds[1], hook);
		return -ENOENT;
	}
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		print_refusal();
	close(btf_fds[1]);
	return fd;
}

int program_load(enum calls calls)
{
	/* 8 bytes of stack, bpf_helper_read(0, stack, 8), return 0 */
	const struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		MOVE(BPF_REG_1, 0),
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -8 },
		MOVE(BPF_REG_3, 8),
		CALL(btf_function_id("bpf_helper_read")),
		MOVE(BPF_REG_0, 0),
		EXIT,
	};
	const int count = sizeof(code) / sizeof(code[0]);
	const int skipped = calls == CALLS_KFUNC ? 0 : 6;

	return load_code(code + skipped, count - skipped);
}

/*
 * Creates an array map of one value; with BPF_F_RDONLY_PROG the verifier knows
 * that it is constant.
 */
static int value_map(const void *value, __u32 size, __u32 flags)
{
	const __u32 zero = 0;
	union bpf_attr create = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(zero),
		.value_size = size,
		.max_entries = 1,
		.map_flags = flags,
	};
	union bpf_attr attr = {};
	int fd = bpf(BPF_MAP_CREATE, &create);

	if (fd < 0 || !value)
		return fd;
	attr.map_fd = fd;
	attr.key = (__u64)(unsigned long)&zero;
	attr.value = (__u64)(unsigned long)value;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
		return -EINVAL;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	return flags & BPF_F_RDONLY_PROG && bpf(BPF_MAP_FREEZE, &attr) ? -EINVAL : fd;
}

int program_load_carrier(const void *kernel, __u32 size)
{
	static const char name[8] = KEXEC_BPF_KERNEL;
	/* bpf_helper_carrier("kernel", kernel, size, OUT), return 0 */
	const struct bpf_insn code[] = {
		MAP_VALUE(BPF_REG_1, value_map(name, sizeof(name), BPF_F_RDONLY_PROG)),
		MAP_VALUE(BPF_REG_2, value_map(kernel, size, 0)),
		MOVE(BPF_REG_3, size),
		MOVE(BPF_REG_4, KEXEC_BPF_OUT),
		CALL(btf_function_id("bpf_helper_carrier")),
		MOVE(BPF_REG_0, 0),
		EXIT,
	};

	return load_code(code, sizeof(code) / sizeof(code[0]));
}

int program_load_addon(const char path[8])
{
	/* bpf_helper_supplement_initrd("", 1, path, 8), return 0 */
	__u32 words[2];

	memcpy(words, path, sizeof(words));
	const struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -16 },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -8,
		  .imm = words[0] },
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4,
		  .imm = words[1] },
		STACK(BPF_REG_1, -16),
		MOVE(BPF_REG_2, 1),
		STACK(BPF_REG_3, -8),
		MOVE(BPF_REG_4, 8),
		CALL(btf_function_id("bpf_helper_supplement_initrd")),
		MOVE(BPF_REG_0, 0),
		EXIT,
	};

	return load_code(code, sizeof(code) / sizeof(code[0]));
}

int program_load_slice(__u32 offset, __u32 size)
{
	static const char name[8] = KEXEC_BPF_KERNEL;
	/* bpf_helper_slice("kernel", offset, size), return 0 */
	const struct bpf_insn code[] = {
		MAP_VALUE(BPF_REG_1, value_map(name, sizeof(name), BPF_F_RDONLY_PROG)),
		MOVE(BPF_REG_2, offset),
		MOVE(BPF_REG_3, size),
		CALL(btf_function_id("bpf_helper_slice")),
		MOVE(BPF_REG_0, 0),
		EXIT,
	};

	return load_code(code, sizeof(code) / sizeof(code[0]));
}

/* Stores the 8 bytes of @words at byte @at of the stack. */
#define STORE(at, words)						\
	{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = (at),	\
	  .imm = (words)[0] },						\
	{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = (at) + 4,	\
	  .imm = (words)[1] }
/* bpf_helper_supplement_initrd(directory, its size, path, 8) */
#define SUPPLEMENT(directory, size, path, call)				\
	STORE(-16, directory),						\
	STORE(-8, path),						\
	STACK(BPF_REG_1, -16),						\
	MOVE(BPF_REG_2, size),						\
	STACK(BPF_REG_3, -8),						\
	MOVE(BPF_REG_4, 8),						\
	CALL(call)

int program_load_parts(const unsigned int place[4], const char addon[8], const char file[8])
{
	static const char kernel[8] = KEXEC_BPF_KERNEL, initrd[8] = KEXEC_BPF_INITRD;
	const int slice = btf_function_id("bpf_helper_slice");
	const int supplement = btf_function_id("bpf_helper_supplement_initrd");
	__u32 none[2] = {}, added[2] = {}, addon_path[2], file_path[2];

	memcpy(added, "added", 5);
	memcpy(addon_path, addon, sizeof(addon_path));
	memcpy(file_path, file, sizeof(file_path));
	const struct bpf_insn code[] = {
		MAP_VALUE(BPF_REG_1, value_map(kernel, sizeof(kernel), BPF_F_RDONLY_PROG)),
		MOVE(BPF_REG_2, place[0]),
		MOVE(BPF_REG_3, place[1]),
		CALL(slice),
		MAP_VALUE(BPF_REG_1, value_map(initrd, sizeof(initrd), BPF_F_RDONLY_PROG)),
		MOVE(BPF_REG_2, place[2]),
		MOVE(BPF_REG_3, place[3]),
		CALL(slice),
		SUPPLEMENT(added, 6, file_path, supplement),
		SUPPLEMENT(none, 1, addon_path, supplement),
		MOVE(BPF_REG_0, 0),
		EXIT,
	};

	return load_code(code, sizeof(code) / sizeof(code[0]));
}

struct scribble {
	unsigned char *bytes;
	__u32 size;
};

/* Changes bytes after the magic number, and changes most of them back. */
static void *scribble(void *context)
{
	const struct scribble *target = context;
	unsigned int seed = 1;

	for (;;) {
		__u32 at = KEPT + rand_r(&seed) % (target->size - KEPT);
		volatile unsigned char *byte = target->bytes + at;
		unsigned char before = *byte;

		*byte = rand_r(&seed);
		if (seed & 3)
			*byte = before;
	}
	return NULL;
}

int program_load_race(const void *bytes, __u32 size)
{
	static struct bpf_insn code[7 * RACES + 2];
	static struct scribble target;
	const int source = value_map(bytes, size, BPF_F_MMAPABLE);
	const int output = value_map(NULL, OUTPUT_BYTES, 0);
	const int decompress = btf_function_id("bpf_helper_decompress");
	const struct bpf_insn call[7] = {
		MAP_VALUE(BPF_REG_1, source),
		MOVE(BPF_REG_2, size),
		MAP_VALUE(BPF_REG_3, output),
		MOVE(BPF_REG_4, OUTPUT_BYTES),
		CALL(decompress),
	};
	const struct bpf_insn end[2] = { MOVE(BPF_REG_0, 0), EXIT };
	pthread_t thread;
	int i;

	for (i = 0; i < RACES; i++)
		memcpy(code + 7 * i, call, sizeof(call));
	memcpy(code + 7 * RACES, end, sizeof(end));
	target.size = size;
	target.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, source, 0);
	if (target.bytes == MAP_FAILED)
		return -errno;
	pthread_create(&thread, NULL, scribble, &target);
	pthread_detach(thread);
	return load_code(code, sizeof(code) / sizeof(code[0]));
}

int program_pin(int link_fd, const char *path)
{
	union bpf_attr attr = {
		.pathname = (__u64)(unsigned long)path,
		.bpf_fd = link_fd,
	};

	return bpf(BPF_OBJ_PIN, &attr);
}

int program_attach(int program_fd, __u64 cookie)
{
	union bpf_attr plain = { .raw_tracepoint.prog_fd = program_fd };
	union bpf_attr attr = {
		.link_create.prog_fd = program_fd,
		.link_create.attach_type = BPF_TRACE_FENTRY,
		.link_create.tracing.cookie = cookie,
	};

	return cookie ? bpf(BPF_LINK_CREATE, &attr) : bpf(BPF_RAW_TRACEPOINT_OPEN, &plain);
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
