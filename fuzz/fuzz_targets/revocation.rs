// SPDX-License-Identifier: GPL-2.0-or-later
//! The firmware's revocations: two variables, and an image that is compared with them.
//! The first two bytes are the lengths of the variables.
#![no_main]
use kexec_bpf::parts::image::Revocations;
use kexec_bpf::parts::image::pe;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((ends, rest)) = input.split_at_checked(2) else {
        return;
    };
    let Some((dbx, rest)) = rest.split_at_checked(usize::from(ends[0])) else {
        return;
    };
    let Some((level, image)) = rest.split_at_checked(usize::from(ends[1])) else {
        return;
    };
    if let Ok(pe) = pe::parse(image) {
        let revocations = Revocations {
            dbx: dbx.to_vec(),
            sbat_level: level.to_vec(),
        };
        revocations.check(image, &pe, &mut |revoked| drop(format!("{revoked}")));
    }
});
