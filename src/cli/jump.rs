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
    out.json.flag("isLoaded", host.loaded);
    // The text is about the jump; programs get all that is known.
    let mut record = Page::default();
    loaded::record(&mut record, host);
    out.json.all(&record.json);
    match &plan.programs {
        Ok(paths) => list(&mut out, "programs", paths),
        Err(_) => out.line("programs", "unknown: cannot read /etc/kexec-bpf/pre-exec.d"),
    }
    match &plan.writable {
        Some(mounts) => list(&mut out, "writable", mounts),
        None => out.line("writable", "unknown: cannot read /proc/self/mountinfo"),
    }
    out.json.flag("wouldJump", Some(plan.verdict.is_ok()));
    match &plan.verdict {
        Ok(why) => {
            out.put("jump", format_args!("yes: {why}"));
            out.json.text("why", why.as_bytes());
        }
        Err(_) => out.line("jump", "no"),
    }
    out
}

/// Adds a line for each of these, and an array of all.
fn list<Text: AsRef<[u8]>>(out: &mut Page, name: &str, texts: &[Text]) {
    out.json.array(name);
    let mut label = name;
    for text in texts {
        out.put(label, format_args!("{}", escaped(text.as_ref())));
        out.json.text("", text.as_ref());
        label = "";
    }
    if texts.is_empty() {
        out.line(label, "none");
    }
    out.json.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::directory::Directory;

    #[test]
    fn a_directory_that_cannot_be_read_is_named() {
        let plan = JumpPlan {
            programs: Err(Directory::open(None, b"/gone").err().unwrap()),
            writable: None,
            verdict: Ok("--force"),
        };
        let text = page(&plan, &Host::default()).text(None);
        let line = "\nprograms      unknown: cannot read /etc/kexec-bpf/pre-exec.d\n";
        assert!(text.contains(line), "{text}");
    }
}
