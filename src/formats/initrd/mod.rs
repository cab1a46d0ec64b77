// SPDX-License-Identifier: GPL-2.0-or-later
//! Initrds: joining archives, and making new ones. Layer: pure.
//!
//! File contents never get here: [`concat::Part`] refers to them by slice, and only
//! headers are bytes on the heap.

pub mod concat;
pub mod extra;
pub mod newc;

#[cfg(test)]
mod tests;
