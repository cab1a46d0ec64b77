// SPDX-License-Identifier: GPL-2.0-or-later
//! Thin images beside a model of what makes one. The input is a list of sections: a byte
//! that selects the name, one for the length, the contents.
#![no_main]
use kexec_bpf::parts::image::{Image, detect};
use kexec_bpf_fuzz::image;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = [
    ".linux", ".linuxh", ".initrd", ".initrdh", ".cmdline", ".osrel", ".profile", ".sdmagic",
];

fn sections(mut input: &[u8]) -> Vec<(&'static str, &[u8])> {
    let mut sections = Vec::new();
    while let [name, length, rest @ ..] = input {
        let (data, after) = rest.split_at(rest.len().min(usize::from(*length)));
        if !data.is_empty() {
            sections.push((NAMES[usize::from(*name) % NAMES.len()], data));
        }
        input = after;
    }
    sections
}

/// Returns the path in a section, if it is one.
fn path(text: &[u8]) -> Option<String> {
    let text = String::from_utf8(text.to_vec()).ok()?.replace('\\', "/");
    let path = text.trim_start_matches('/');
    let names = !path.is_empty() && path.split('/').all(|name| name != "..");
    (names && !path.chars().any(char::is_control)).then(|| path.to_owned())
}

fuzz_target!(|input: &[u8]| {
    let sections = sections(input);
    let first = |name: &str| {
        sections
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, data)| *data)
    };
    let file = image::pe(&sections);
    let hashed = first(".linuxh").is_some() || first(".initrdh").is_some();
    let wanted = |kind: &str| {
        let hash: [u8; 32] = first(&format!("{kind}h"))?.try_into().ok()?;
        Some((path(first(kind)?)?, hash))
    };
    match detect(&*file) {
        Ok(Image::Uki { thin: None, .. }) => assert!(!hashed && first(".linux").is_some()),
        Ok(Image::Uki {
            thin: Some(thin), ..
        }) => {
            assert!(first(".profile").is_none());
            for (kind, found) in [(".linux", thin.kernel), (".initrd", thin.initrd)] {
                let (path, sha256) = wanted(kind).expect("no thin image");
                assert_eq!((found.path, found.sha256), (path.into_bytes(), sha256));
            }
        }
        Ok(other) => assert!(!hashed, "{}", other.kind_name()),
        Err(error) => {
            let whole = wanted(".linux").is_some() && wanted(".initrd").is_some();
            assert!(!whole || first(".profile").is_some(), "{error}");
        }
    }
});
