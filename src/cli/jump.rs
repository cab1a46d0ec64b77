// SPDX-License-Identifier: GPL-2.0-or-later
//! `exec --dry-run`: the effects of a jump in text form. Layer: effects.

use alloc::string::String;

use super::loaded;
use super::plan::COLUMN;
use super::text::field;
use crate::diagnosis::escape::printable;
use crate::host::Host;
use crate::run::JumpPlan;

/// Returns the page of `exec --dry-run`.
pub fn text(plan: &JumpPlan, host: &Host) -> String {
    let mut out = String::new();
    field(&mut out, "image", COLUMN, &loaded::image(host));
    for (name, texts) in [("programs", &plan.programs), ("writable", &plan.writable)] {
        let mut label = name;
        for text in texts {
            field(&mut out, label, COLUMN, &printable(text.as_bytes()));
            label = "";
        }
        if texts.is_empty() {
            field(&mut out, label, COLUMN, "none");
        }
    }
    let verdict = match &plan.verdict {
        Ok(why) => ["yes: ", why].concat(),
        Err(_) => "no".into(),
    };
    field(&mut out, "jump", COLUMN, &verdict);
    out
}
