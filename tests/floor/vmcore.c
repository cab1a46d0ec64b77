// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a crash dump as the capture kernel provides it.
 *
 *   vmcore FILE   prints the type of ELF file, its VMCOREINFO, and the first
 *                 "kdump-secret=" with 64 hexadecimal digits in its memory
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "kdump-secret="
#define MARK_BYTES (sizeof(MARK) - 1)
#define DIGITS 64
#define CHUNK (1 << 20)
/* Longest beginning of a match that can be at the end of a chunk. */
#define KEEP (MARK_BYTES + DIGITS - 1)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void notes(int fd, const Elf64_Phdr *header)
{
	char *data = malloc(header->p_filesz + 1);
	size_t at = 0;

	if (!data || pread(fd, data, header->p_filesz, header->p_offset) !=
			     (ssize_t)header->p_filesz)
		die("notes");
	data[header->p_filesz] = 0;
	while (at + sizeof(Elf64_Nhdr) <= header->p_filesz) {
		Elf64_Nhdr *note = (Elf64_Nhdr *)(data + at);
		char *name = data + at + sizeof(*note);
		char *text = name + ((note->n_namesz + 3) & ~3u);

		at = text - data + ((note->n_descsz + 3) & ~3u);
		if (at > header->p_filesz)
			break;
		if (note->n_namesz != 11 || memcmp(name, "VMCOREINFO", 11))
			continue;
		printf("vmcoreinfo %u\n", note->n_descsz);
		text = strstr(text, "OSRELEASE=");
		if (text)
			printf("release %.*s\n", (int)strcspn(text + 10, "\n"),
			       text + 10);
	}
	free(data);
}

static int secret(int fd, const Elf64_Phdr *header)
{
	static char buffer[KEEP + CHUNK];
	Elf64_Off done = 0;
	size_t kept = 0;

	while (done < header->p_filesz) {
		size_t wanted = header->p_filesz - done;
		char *at = buffer, *end;
		ssize_t got;

		if (wanted > CHUNK)
			wanted = CHUNK;
		got = pread(fd, buffer + kept, wanted, header->p_offset + done);
		if (got <= 0)
			die("memory");
		done += got;
		end = buffer + kept + got;
		while ((at = memmem(at, end - at, MARK, MARK_BYTES))) {
			char *digits = at + MARK_BYTES;

			if (end - digits < DIGITS)
				break;
			if (strspn(digits, "0123456789abcdef") >= DIGITS) {
				printf("secret %.64s\n", digits);
				return 1;
			}
			at = digits;
		}
		kept = end - buffer < (ssize_t)KEEP ? end - buffer : KEEP;
		memmove(buffer, end - kept, kept);
	}
	return 0;
}

int main(int argc, char **argv)
{
	Elf64_Phdr headers[256];
	Elf64_Ehdr file;
	int fd, i, found = 0;

	fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0)
		die("open");
	if (pread(fd, &file, sizeof(file), 0) != sizeof(file))
		die("header");
	if (memcmp(file.e_ident, ELFMAG, SELFMAG) || file.e_type != ET_CORE ||
	    file.e_phnum > 256)
		die("not a core file");
	if (pread(fd, headers, file.e_phnum * sizeof(*headers), file.e_phoff) !=
	    (ssize_t)(file.e_phnum * sizeof(*headers)))
		die("program headers");
	printf("elf core of machine %d\n", file.e_machine);
	for (i = 0; i < file.e_phnum; i++)
		if (headers[i].p_type == PT_NOTE)
			notes(fd, &headers[i]);
	fflush(stdout);
	for (i = 0; i < file.e_phnum && !found; i++)
		if (headers[i].p_type == PT_LOAD)
			found = secret(fd, &headers[i]);
	return !found;
}
