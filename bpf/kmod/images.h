/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which images the kernel holds. */
#ifndef KB_IMAGES_H
#define KB_IMAGES_H

/*
 * NULL when the kernel holds no image and no load is under way; else what there is, in
 * words. May sleep.
 */
const char *kb_images_held(void);

#endif /* KB_IMAGES_H */
