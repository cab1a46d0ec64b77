// SPDX-License-Identifier: GPL-2.0-or-later
//! Errors, for a user in a rescue shell: what failed, the cause, what to try.
//! Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::table::PROGRAM;
use super::text::Page;
use crate::diagnosis::escape::{escaped, printable};
use crate::diagnosis::{Diagnosis, Hint};
use crate::formats::json::Json;

/// The width of the labels `cause: ` and `try:   `, and the indent of further lines.
pub const INDENT: u8 = 7;

/// The label of a message.
pub const OWN: &str = "kexec-bpf: ";

/// Returns the lines for stderr. Texts from a file or from the kernel cannot control the
/// terminal.
pub fn page(diagnosis: &Diagnosis) -> Page {
    let mut out = Page::new(INDENT);
    let mut line = |label: &str, text: &[u8]| out.put(label, format_args!("{}", escaped(text)));
    line(OWN, diagnosis.what.as_bytes());
    if let Some(cause) = &diagnosis.cause {
        let label = match diagnosis.is_certain() {
            true => "cause: ",
            false => "possible cause: ",
        };
        line(label, cause.text.as_bytes());
    }
    for quote in &diagnosis.quotes {
        line(&[quote.who, ": "].concat(), &quote.line);
    }
    let hints = hints(diagnosis);
    if !hints.is_empty() {
        line("try:", hints.as_bytes());
    }
    out
}

/// Adds a diagnosis as an object.
pub fn object(json: &mut Json, name: &str, diagnosis: &Diagnosis) {
    json.object(name);
    json.count("exitCode", diagnosis.exit as u64);
    json.text("what", diagnosis.what.as_bytes());
    if let Some(cause) = &diagnosis.cause {
        json.text("cause", cause.text.as_bytes());
        json.flag("isCertain", Some(cause.is_certain));
    }
    json.array("quotes");
    for quote in &diagnosis.quotes {
        json.object("");
        json.text("who", quote.who.as_bytes());
        json.text("line", &quote.line);
        json.end();
    }
    json.end();
    json.array("hints");
    let image = image(diagnosis);
    for hint in &diagnosis.hints {
        json.text("", words(*hint, &image).as_bytes());
    }
    json.end();
    json.end();
}

/// Returns the hints as one line.
pub fn hints(diagnosis: &Diagnosis) -> String {
    let image = image(diagnosis);
    let hints = diagnosis.hints.iter().map(|hint| words(*hint, &image));
    hints.collect::<Vec<_>>().join("; ")
}

fn image(diagnosis: &Diagnosis) -> String {
    match diagnosis.file.is_empty() {
        true => "IMAGE".into(),
        false => printable(&diagnosis.file),
    }
}

fn words(hint: Hint, image: &str) -> String {
    let command = |words: &[&str]| [&[PROGRAM], words].concat().join(" ");
    match hint {
        Hint::Text(text) => text.into(),
        Hint::Inspect => command(&["inspect", image]),
        Hint::Profiles => [&command(&["inspect", image]), ", which lists the profiles"].concat(),
        Hint::Load => command(&["load", image]),
        Hint::DryRun => command(&["load", "--dry-run", image]),
        Hint::KdumpCheck => command(&["kdump", "check", image]),
        Hint::Status => command(&["status"]),
        Hint::List => command(&["list"]),
        Hint::Help("") => command(&["--help"]),
        Hint::Help(name) => command(&[name, "--help"]),
        Hint::Dmesg => "dmesg".into(),
        Hint::ImaSign => {
            format!("load it as the image itself, signed for IMA: evmctl ima_sign {image}")
        }
        Hint::RouteExtract => "or --route extract".to_string(),
        Hint::Wait => "wait for the disk with --timeout 10".into(),
        Hint::Place => "name the file system with --device DEV or --root DIR".into(),
        Hint::Flag(name) => ["--", name].concat(),
        Hint::Omit(name) => ["omit ", name].concat(),
        Hint::Crashkernel { mib, or } => format!("boot with crashkernel={mib}M{or}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        let diagnosis = Diagnosis::failed(&"load a\x1b[2J")
            .because("addon \x1b[2J\u{9b}K")
            .about(b"\x07.efi")
            .with_hints(&[Hint::Inspect])
            .quote("kernel", vec![b"PEFILE \x1b\xff".to_vec()]);
        let wanted = "kexec-bpf: load a\\u{1b}[2J\n\
                      cause: addon \\u{1b}[2J\\u{9b}K\n\
                      kernel: PEFILE \\u{1b}\\xff\n\
                      try:   kexec-bpf inspect \\u{7}.efi\n";
        assert_eq!(page(&diagnosis).text(None), wanted);
    }

    #[test]
    fn what_is_only_likely_is_called_possible() {
        let diagnosis = Diagnosis::refused(&"refused").maybe("IMA");
        assert_eq!(
            page(&diagnosis).text(None),
            "kexec-bpf: refused\npossible cause: IMA\n"
        );
    }
}
