// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel exports neither its images nor the lock that loads hold. But it
 * shows both in sysfs, and the functions that show them are found in kernfs,
 * whether or not sysfs is mounted. The size of the crash reservation is read
 * under the lock: -EBUSY means that it is held.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "images.h"

/* Finds /sys/kernel/kexec/NAME, or /sys/kernel/kexec_NAME on older kernels. */
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

/* Returns the first character of what the kernel shows, or a negative errno. */
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
	/*
	 * The lock comes first: a load that holds it may have loaded an image
	 * by the time the next files are read.
	 */
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
		[KB_HELD_UNKNOWN] = "cannot find out whether an image is loaded",
	};

	return words[held];
}
