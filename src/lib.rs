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
pub mod cli;
pub mod diagnosis;
pub mod formats;
pub mod host;
pub mod policy;
pub mod run;
pub mod sys;
