/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registration of the kfuncs and of the hook with the BPF verifier. */
#ifndef KB_KFUNCS_H
#define KB_KFUNCS_H

int kb_kfuncs_init(void);

#endif /* KB_KFUNCS_H */
