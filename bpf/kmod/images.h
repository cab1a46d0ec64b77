/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out which images the kernel holds. */
#ifndef KB_IMAGES_H
#define KB_IMAGES_H

enum kb_held {
	KB_HELD_NOTHING,
	KB_HELD_LOCK,	/* by a load, an unload or a reader of the crash size */
	KB_HELD_IMAGE,
	KB_HELD_CRASH,
	KB_HELD_UNKNOWN,
	KB_HELDS
};

/*
 * Returns what the kernel holds: the lock before an image, an image before a
 * crash image. May sleep.
 */
enum kb_held kb_images_held(void);

/* Returns the text for messages. */
const char *kb_images_words(enum kb_held held);

#endif /* KB_IMAGES_H */
