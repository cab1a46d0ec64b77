// SPDX-License-Identifier: GPL-2.0-or-later
//! Decisions: from options, files and the state of this machine to what is done.
//!
//! Layer: pure. `run` gathers what a decision depends on, and carries it out.

pub mod boot;
pub mod companion;
pub mod crash;
pub mod explain;
pub mod handshake;
pub mod plan;
