// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel exports neither its images nor the lock that its loads hold. But it
 * shows them in sysfs, and the functions that do that are found there, whether or not
 * sysfs is mounted. The size of the reservation is told under that lock: -EBUSY.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "images.h"

/* /sys/kernel/kexec/NAME, where older kernels have /sys/kernel/kexec_NAME. */
static struct kernfs_node *kb_images_file(const char *name)
{
	struct kernfs_node *directory = kernfs_find_and_get(kernel_kobj->sd, "kexec"), *file;
	char older[32];

	if (directory) {
		file = kernfs_find_and_get(directory, name);
		kernfs_put(directory);
		return file;
	}
	snprintf(older, sizeof(older), "kexec_%s", name);
	return kernfs_find_and_get(kernel_kobj->sd, older);
}

/* The first character of what the kernel shows, or a negative errno. */
static int kb_images_show(const char *name, char *page)
{
	struct kernfs_node *file = kb_images_file(name);
	struct kobj_attribute *shown;
	int ret = -ENOENT;

	if (file && kernfs_type(file) == KERNFS_FILE) {
		shown = container_of((struct attribute *)file->priv, struct kobj_attribute, attr);
		ret = shown->show(kernel_kobj, shown, page);
		if (ret >= 0)
			ret = page[0];
	}
	kernfs_put(file);
	return ret;
}

enum kb_held kb_images_held(void)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	int lock, image, crash;

	if (!page)
		return KB_HELD_UNKNOWN;
	/* First: what has the lock now may hold an image soon. */
	lock = kb_images_show("crash_size", page);
	image = kb_images_show("loaded", page);
	crash = kb_images_show("crash_loaded", page);
	free_page((unsigned long)page);
	if (lock == -EBUSY)
		return KB_HELD_LOCK;
	if (lock < 0 || image < 0 || crash < 0)
		return KB_HELD_UNKNOWN;
	if (image != '0')
		return KB_HELD_IMAGE;
	return crash != '0' ? KB_HELD_CRASH : KB_HELD_NOTHING;
}

const char *kb_images_words(enum kb_held held)
{
	static const char *const words[KB_HELDS] = {
		[KB_HELD_NOTHING] = "nothing is loaded",
		[KB_HELD_LOCK] = "a load is under way",
		[KB_HELD_IMAGE] = "an image is loaded: kexec-bpf unload",
		[KB_HELD_CRASH] = "a crash image is loaded: kexec-bpf unload --panic",
		[KB_HELD_UNKNOWN] = "this kernel does not tell whether an image is loaded",
	};

	return words[held];
}
