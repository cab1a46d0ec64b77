/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * musl has no <argp.h>. Two files of elfutils' helper archive mention it; they
 * are compiled, but nothing of them is linked into libelf. These are the names
 * they need. Remove when elfutils builds libelf without libeu's argp users.
 */
#ifndef COMPAT_ARGP_H
#define COMPAT_ARGP_H

#include <errno.h>
#include <stdio.h>

typedef int error_t;

struct argp_state {
	const char *name;
};

struct argp_option {
	const char *name;
	int key;
	const char *arg;
	int flags;
	const char *doc;
	int group;
};

typedef error_t (*argp_parser_t)(int key, char *arg, struct argp_state *state);

struct argp {
	const struct argp_option *options;
	argp_parser_t parser;
	const char *args_doc;
	const char *doc;
	const void *children;
	char *(*help_filter)(int key, const char *text, void *input);
	const char *domain;
};

#define OPTION_ARG_OPTIONAL 1
#define OPTION_HIDDEN 2
#define ARGP_ERR_UNKNOWN E2BIG
#define ARGP_HELP_SEE 4

void argp_help(const struct argp *argp, FILE *stream, unsigned int flags,
	       char *name);

#endif
