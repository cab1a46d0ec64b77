// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lets files of efivarfs be changed and deleted, which the kernel protects by a
 * flag; the guests' busybox has no chattr.
 *
 *   mutable FILE...
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int make_mutable(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC), flags, failed;

	if (file < 0)
		return -1;
	failed = ioctl(file, FS_IOC_GETFLAGS, &flags);
	flags &= ~FS_IMMUTABLE_FL;
	failed = failed || ioctl(file, FS_IOC_SETFLAGS, &flags);
	close(file);
	return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (make_mutable(argv[i])) {
			fprintf(stderr, "mutable: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	return 0;
}
