// SPDX-License-Identifier: GPL-2.0-or-later
//! Real kernels in QEMU load real images.
//!
//! Not part of a plain `cargo test`: `make check` or
//! `cargo test --release --test vm -- --test-threads=2`.

mod bad_initrd;
mod boot;
mod boot_companions;
mod boot_disks;
mod boot_efi;
mod boot_entries;
mod boot_filesystems;
mod boot_menu;
mod boot_places;
mod companions;
mod enforce_program;
mod fast;
mod fast_disturbed;
mod floor;
mod handshake;
mod handshake_client;
mod handshake_count;
mod handshake_early;
mod handshake_fault;
mod handshake_killed;
mod handshake_leak;
mod handshake_rules;
mod hook_enforce;
mod hostile_pe;
mod ima_appraise;
mod ima_measure;
mod initramfs;
mod initramfs_enforce;
mod initramfs_tools;
mod input;
mod jump_matrix;
mod kdump;
mod kdump_fit;
mod kernel_bugs;
mod kernel_install;
mod kernels;
mod libbpf;
mod load_lock;
mod many;
mod mkinitcpio;
mod module_archives;
mod module_attached;
mod module_calls;
mod module_enforce;
mod module_enforce_start;
mod module_enforce_undo;
mod module_fast;
mod module_fast_boot;
mod module_fast_count;
mod module_fast_faults;
mod module_files;
mod module_given;
mod module_insert;
mod module_late;
mod module_panic;
mod module_previous;
mod module_removed;
mod module_unpack;
mod module_unpack_boot;
mod module_unpack_count;
mod module_unpack_formats;
mod module_unpack_short;
mod module_wait;
mod mutation;
mod oracle;
mod progress;
mod refusal;
mod report;
mod revoked;
mod sd_boot;
mod secure_boot;
mod services;
mod systemd_262;
mod systems;
mod terminal;
mod thin;
mod tpm;
mod unpack;

/// Makes tests that call the same function for each stock kernel that is supported. Those
/// after `more` run on the older one in `make check-all` only.
macro_rules! on_each_kernel {
    ($($test:ident),* $(,)? $(; more: $($more:ident),+ $(,)?)?) => {
        mod on_6_12 {
            $(#[test]
            fn $test() {
                super::$test(guest::Kernel::V6_12);
            })*
            $($(#[test]
            fn $more() {
                super::$more(guest::Kernel::V6_12);
            })+)?
        }
        mod on_6_1 {
            $(#[test]
            fn $test() {
                super::$test(guest::Kernel::V6_1);
            })*
            $(mod more_ {
                $(#[test]
                fn $more() {
                    super::super::$more(guest::Kernel::V6_1);
                })+
            })?
        }
    };
}
use on_each_kernel;
