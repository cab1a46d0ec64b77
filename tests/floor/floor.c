// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor of the benchmark: makes the system calls and does nothing else.
 *
 *   floor KERNEL INITRD CMDLINE   loads them by kexec_file_load(2)
 *   floor -e                      jumps into the loaded kernel
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int kernel_fd, initrd_fd;

	if (argc == 2 && !strcmp(argv[1], "-e")) {
		sync();
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		perror("reboot");
		return 1;
	}
	if (argc != 4) {
		fputs("usage: floor KERNEL INITRD CMDLINE | floor -e\n", stderr);
		return 2;
	}
	kernel_fd = open(argv[1], O_RDONLY);
	initrd_fd = open(argv[2], O_RDONLY);
	if (kernel_fd < 0 || initrd_fd < 0) {
		perror("open");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
		    strlen(argv[3]) + 1, argv[3], 0UL)) {
		perror("kexec_file_load");
		return 1;
	}
	return 0;
}
