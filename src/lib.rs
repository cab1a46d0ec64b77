// SPDX-License-Identifier: GPL-2.0-or-later
//! kexec-bpf: boots the next kernel from inside this one.
//!
//! Layers, dependencies pointing down only; ARCHITECTURE.md has the picture.
#![cfg_attr(not(test), no_std)]
// Input is hostile everywhere; tests may fail by panicking.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_lossless,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

pub mod abi;
pub mod boot;
pub mod cli;
pub mod cmdline;
pub mod companion;
pub mod crc32;
pub mod diagnosis;
pub mod errno;
pub mod escape;
pub mod explain;
pub mod facts;
pub(crate) mod field;
pub mod handshake;
pub mod image;
pub mod initrd;
pub mod kdump;
pub mod object;
pub mod plan;
pub mod run;
pub mod size;
pub mod sort;
pub mod source;
pub mod sys;
