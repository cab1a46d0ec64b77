// SPDX-License-Identifier: GPL-2.0-or-later
//! Carries out commands: opens, plans, chooses, loads, jumps. Events on the way go out
//! through [`events::Events`]. Layer: effects.
//!
//! Every resource acquired on the way (descriptors, anonymous files, threads, the
//! attached parser) is released by its owner's drop, whatever fails; the kernel keeps no
//! half-loaded image.

mod attempt;
mod boot;
mod companions;
mod crash;
mod default_entry;
mod device;
mod digest;
mod done;
pub mod enforce;
pub mod entries;
pub mod entry;
mod error;
pub mod events;
mod exec;
mod found;
mod grubenv;
mod handshake;
mod hook;
mod image_path;
mod initrd;
mod load;
mod manifest;
mod offer;
mod options;
pub mod parser;
mod prepared;
mod reading;
mod ready;
mod record;
mod revoked;
mod search;
mod seen;
mod server;
mod teardown;
mod text;
mod thin;
mod unpack;
mod volume;
pub mod volumes;

use core::fmt;

pub use boot::boot;
pub use crash::Preflight;
pub use error::{RunError, Skipped};
pub use exec::{JumpPlan, exec, plan_jump, unload};
pub use hook::{hook_boot, hook_kdump};
pub use load::{load, prepare};
pub use manifest::open;
pub use options::{BootOptions, ExecOptions, LoadOptions};
pub use prepared::{Prepared, plan};
pub use revoked::revoked;
pub use thin::{check as check_thin, open as open_thin};

/// Called for each step of an attempt.
type Progress<'log> = &'log mut dyn FnMut(fmt::Arguments<'_>);
