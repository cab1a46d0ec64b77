// SPDX-License-Identifier: GPL-2.0-or-later
//! Real kernels in QEMU load real images.
//!
//! Not part of a plain `cargo test`: `make check` or
//! `cargo test --release --test vm -- --test-threads=2`.

#[allow(dead_code, reason = "the demo and the benchmark use the rest")]
mod guest;

#[path = "vm/boot.rs"]
mod boot;
#[path = "vm/boot_companions.rs"]
mod boot_companions;
#[path = "vm/boot_efi.rs"]
mod boot_efi;
#[path = "vm/boot_entries.rs"]
mod boot_entries;
#[path = "vm/boot_menu.rs"]
mod boot_menu;
#[path = "vm/boot_places.rs"]
mod boot_places;
#[path = "vm/companions.rs"]
mod companions;
#[path = "vm/enforce_program.rs"]
mod enforce_program;
#[path = "vm/floor.rs"]
mod floor;
#[path = "vm/handshake.rs"]
mod handshake;
#[path = "vm/handshake_client.rs"]
mod handshake_client;
#[path = "vm/handshake_fault.rs"]
mod handshake_fault;
#[path = "vm/handshake_killed.rs"]
mod handshake_killed;
#[path = "vm/handshake_leak.rs"]
mod handshake_leak;
#[path = "vm/handshake_rules.rs"]
mod handshake_rules;
#[path = "vm/hook_enforce.rs"]
mod hook_enforce;
#[path = "vm/hostile_pe.rs"]
mod hostile_pe;
#[path = "vm/ima_appraise.rs"]
mod ima_appraise;
#[path = "vm/ima_measure.rs"]
mod ima_measure;
#[path = "vm/initramfs.rs"]
mod initramfs;
#[path = "vm/initramfs_enforce.rs"]
mod initramfs_enforce;
#[path = "vm/input.rs"]
mod input;
#[path = "vm/kdump.rs"]
mod kdump;
#[path = "vm/kdump_fit.rs"]
mod kdump_fit;
#[path = "vm/kernel_bugs.rs"]
mod kernel_bugs;
#[path = "vm/kernels.rs"]
mod kernels;
#[path = "vm/load_lock.rs"]
mod load_lock;
#[path = "vm/mkinitcpio.rs"]
mod mkinitcpio;
#[path = "vm/module_archives.rs"]
mod module_archives;
#[path = "vm/module_attached.rs"]
mod module_attached;
#[path = "vm/module_calls.rs"]
mod module_calls;
#[path = "vm/module_enforce.rs"]
mod module_enforce;
#[path = "vm/module_enforce_start.rs"]
mod module_enforce_start;
#[path = "vm/module_enforce_undo.rs"]
mod module_enforce_undo;
#[path = "vm/module_fast.rs"]
mod module_fast;
#[path = "vm/module_fast_boot.rs"]
mod module_fast_boot;
#[path = "vm/module_fast_count.rs"]
mod module_fast_count;
#[path = "vm/module_fast_faults.rs"]
mod module_fast_faults;
#[path = "vm/module_files.rs"]
mod module_files;
#[path = "vm/module_given.rs"]
mod module_given;
#[path = "vm/module_insert.rs"]
mod module_insert;
#[path = "vm/module_late.rs"]
mod module_late;
#[path = "vm/module_panic.rs"]
mod module_panic;
#[path = "vm/module_previous.rs"]
mod module_previous;
#[path = "vm/module_removed.rs"]
mod module_removed;
#[path = "vm/module_wait.rs"]
mod module_wait;
#[path = "vm/mutation.rs"]
mod mutation;
#[path = "vm/oracle.rs"]
mod oracle;
#[path = "vm/refusal.rs"]
mod refusal;
#[path = "vm/report.rs"]
mod report;
#[path = "vm/revoked.rs"]
mod revoked;
#[path = "vm/secure_boot.rs"]
mod secure_boot;

/// The same test on each stock kernel that is supported.
macro_rules! on_each_kernel {
    ($($test:ident),* $(,)?) => {
        mod on_6_12 {
            $(#[test]
            fn $test() {
                super::$test($crate::guest::Kernel::V6_12);
            })*
        }
        mod on_6_1 {
            $(#[test]
            fn $test() {
                super::$test($crate::guest::Kernel::V6_1);
            })*
        }
    };
}
use on_each_kernel;
#[path = "vm/tpm.rs"]
mod tpm;
