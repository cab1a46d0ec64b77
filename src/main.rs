// SPDX-License-Identifier: GPL-2.0-or-later
//! The program: `rt` gives it a runtime, `kexec_bpf::main` does the work.
//!
//! Lints check it as a test as well, and a test brings std and its own runtime.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

extern crate alloc;

#[cfg(not(test))]
mod rt;
