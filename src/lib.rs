// SPDX-License-Identifier: GPL-2.0-or-later
//! kexec-bpf: boots the next kernel from inside this one.
//!
//! Dependencies between layers point down only; ARCHITECTURE.md has the picture.
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
pub(crate) mod cli;
pub(crate) mod diagnosis;
pub(crate) mod formats;
pub(crate) mod host;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod sys;

pub use cli::{main, table};
pub use sys::console::{open_standard, panic_line};

/// The parts that the fuzz targets and the tests outside the library call. The compiler
/// reports everything else that is unused.
#[doc(hidden)]
pub mod parts {
    pub use crate::diagnosis::{Diagnose, Exit};
    pub use crate::formats::source;
    pub use crate::sys::bpf::attr;

    pub mod formats {
        pub use crate::formats::archive::{
            Advice, Archive, Depth, End, FaultKind, Format, Known, inflate, walk,
        };
        pub use crate::formats::cmdline::reuse::{NEXT_KERNEL, reuse};
        pub use crate::formats::cmdline::{join, key, mangle, words};
        pub use crate::formats::disk::{superblock, table};
        pub use crate::formats::entries::{
            counter, efi, glob, grubenv, loader_conf, type1, version,
        };
        pub use crate::formats::initrd::extra;
        pub use crate::formats::object::{Btf, Kfunc, Object};
    }

    pub mod image {
        pub use crate::formats::image::authenticode::examine;
        pub use crate::formats::image::bzimage;
        pub use crate::formats::image::detect::{Image, detect, detect_linux};
        pub use crate::formats::image::revocation::Revocations;
        pub use crate::formats::image::{fdt, hwids, osrel, pe, pkcs7, profile, uki, zboot};
    }

    /// For tests/libbpf.
    pub mod parser {
        pub use crate::run::parser::{Parser, ParserError, prepare};
    }

    pub mod policy {
        pub use crate::host::{Host, Module};
        pub use crate::policy::boot::hook;
        pub use crate::policy::companion::{CompanionDirectory, choose, own_directory};
        pub use crate::policy::plan;
    }
}
