// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prepares IMA's appraisal in a guest that has neither keyctl nor setfattr.
 *
 *   integrity key CERTIFICATE    trusts a DER certificate for signatures
 *   integrity label VALUE FILE   sets FILE's security.ima to VALUE's bytes
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * If CONFIG_INTEGRITY_TRUSTED_KEYRING is not set, the kernel uses the first
 * keyring of this name that is visible to the process whose file is appraised.
 */
#define KEYRING	"_ima"

static char bytes[64 << 10];

static ssize_t read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (size < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
	return size;
}

static int trust(const char *certificate)
{
	ssize_t size = read_file(certificate);
	long keyring;

	if (size < 0)
		return 1;
	keyring = syscall(SYS_add_key, "keyring", KEYRING, NULL, 0UL, KEY_SPEC_USER_KEYRING);
	if (keyring < 0 || syscall(SYS_add_key, "asymmetric", "", bytes, size, keyring) < 0) {
		perror("add_key");
		return 1;
	}
	return 0;
}

static int label(const char *value, const char *file)
{
	ssize_t size = read_file(value);

	if (size < 0)
		return 1;
	if (setxattr(file, "security.ima", bytes, size, 0)) {
		perror(file);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "key"))
		return trust(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "label"))
		return label(argv[2], argv[3]);
	fputs("usage: integrity key CERTIFICATE | integrity label VALUE FILE\n", stderr);
	return 2;
}
