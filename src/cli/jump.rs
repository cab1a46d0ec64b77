// SPDX-License-Identifier: GPL-2.0-or-later
//! `exec --dry-run`: the effects of a jump in text form. Layer: effects.

use super::loaded;
use super::plan::COLUMN;
use super::text::Page;
use crate::diagnosis::escape::escaped;
use crate::host::Host;
use crate::run::JumpPlan;

/// Returns the page of `exec --dry-run`.
pub fn page(plan: &JumpPlan, host: &Host) -> Page {
    let mut out = Page::new(COLUMN);
    loaded::image(&mut out, host);
    for (name, texts) in [("programs", &plan.programs), ("writable", &plan.writable)] {
        let mut label = name;
        for text in texts {
            out.put(label, format_args!("{}", escaped(text.as_bytes())));
            label = "";
        }
        if texts.is_empty() {
            out.line(label, "none");
        }
    }
    match &plan.verdict {
        Ok(why) => out.put("jump", format_args!("yes: {why}")),
        Err(_) => out.line("jump", "no"),
    }
    out
}
