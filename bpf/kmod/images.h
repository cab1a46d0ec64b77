/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which images the kernel holds. */
#ifndef KB_IMAGES_H
#define KB_IMAGES_H

enum kb_held {
	KB_HELD_NOTHING,
	KB_HELD_LOCK,	/* a load or an unload is under way, or somebody looks */
	KB_HELD_IMAGE,
	KB_HELD_CRASH,
	KB_HELD_UNKNOWN,
	KB_HELDS
};

/* The first of these, in this order. May sleep. */
enum kb_held kb_images_held(void);

/* For messages. */
const char *kb_images_words(enum kb_held held);

#endif /* KB_IMAGES_H */
