// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds BTF ids of functions by name (Documentation/bpf/btf.rst). */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define MODULE	"kexec_bpf"

struct btf {
	char *bytes;
	struct btf_header *header;
};

static int bpf(int command, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

int btf_module_fd(void)
{
	__u32 id = 0;

	for (;;) {
		union bpf_attr attr = { .start_id = id };
		struct bpf_btf_info info = {};
		char name[64] = "";
		int fd, err = bpf(BPF_BTF_GET_NEXT_ID, &attr);

		if (err)
			return err;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.btf_id = id;
		fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr);
		if (fd < 0)
			return fd;
		info.name = (__u64)(unsigned long)name;
		info.name_len = sizeof(name);
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (__u64)(unsigned long)&info;
		err = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
		if (!err && info.kernel_btf && !strcmp(name, MODULE))
			return fd;
		close(fd);
	}
}

static int btf_read(struct btf *btf, const char *path)
{
	size_t size = 0, room = 16 << 20;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	btf->bytes = malloc(room);
	if (!btf->bytes)
		return -ENOMEM;
	while (size < room && (got = read(fd, btf->bytes + size, room - size)) > 0)
		size += got;
	close(fd);
	btf->header = (struct btf_header *)btf->bytes;
	return size > sizeof(*btf->header) && btf->header->magic == BTF_MAGIC ? 0 : -ENOEXEC;
}

/* Returns the size of the data after a struct btf_type. */
static size_t btf_more(const struct btf_type *type)
{
	size_t members = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return members * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return members * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return members * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return members * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return members * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/*
 * Walks the types of @btf, whose first id is @first. Returns the id of the
 * function @name; strings of @btf start at offset @base_strings. Without a
 * name, returns the last id + 1.
 */
static int btf_walk(const struct btf *btf, int first, __u32 base_strings, const char *name)
{
	const char *types = btf->bytes + btf->header->hdr_len + btf->header->type_off;
	const char *strings = btf->bytes + btf->header->hdr_len + btf->header->str_off;
	size_t at = 0;
	int id = first;

	while (at < btf->header->type_len) {
		const struct btf_type *type = (const struct btf_type *)(types + at);

		if (name && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    type->name_off >= base_strings &&
		    !strcmp(strings + (type->name_off - base_strings), name))
			return id;
		at += sizeof(*type) + btf_more(type);
		id++;
	}
	return name ? -ENOENT : id;
}

int btf_kernel_function_id(const char *name)
{
	struct btf kernel = {};
	int ret = btf_read(&kernel, "/sys/kernel/btf/vmlinux");

	if (!ret)
		ret = btf_walk(&kernel, 1, 0, name);
	free(kernel.bytes);
	return ret;
}

/*
 * In a module, ids and string offsets continue where those of the kernel end.
 */
int btf_function_id(const char *name)
{
	struct btf kernel = {}, module = {};
	int ret = btf_read(&kernel, "/sys/kernel/btf/vmlinux");

	if (!ret)
		ret = btf_read(&module, "/sys/kernel/btf/" MODULE);
	if (!ret)
		ret = btf_walk(&module, btf_walk(&kernel, 1, 0, NULL),
			       kernel.header->str_len, name);
	free(kernel.bytes);
	free(module.bytes);
	return ret;
}
