// SPDX-License-Identifier: GPL-2.0-or-later
//! Arbitrary files: each gives an image, or a report of three short lines.
#![no_main]
use kexec_bpf::parts::image::{Image, detect};
use kexec_bpf::parts::{Diagnose, Exit};
use kexec_bpf_fuzz::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match detect(file) {
        Ok(image) => {
            for section in image.pe().into_iter().flat_map(|pe| &pe.sections) {
                inside(file, section.slice);
            }
            if let Image::Uki {
                thin: Some(thin), ..
            } = image
            {
                for path in [thin.kernel.path, thin.initrd.path] {
                    assert!(!path.is_empty() && path.first() != Some(&b'/'));
                    assert!(path.split(|byte| *byte == b'/').all(|name| name != b".."));
                }
            }
        }
        Err(error) => {
            let what = format!("{error}");
            assert!(
                what.len() <= 100 && !what.contains(char::is_control),
                "{what}"
            );
            let found = error.diagnose();
            assert!(found.cause_text().len() <= 73, "{found:?}");
            assert_eq!(found.exit, Exit::BadImage, "{found:?}");
        }
    }
});
