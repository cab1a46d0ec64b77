// SPDX-License-Identifier: GPL-2.0-or-later
//! Real UKIs with changed bytes: no panic, and no slice outside the file.
//!
//! The parser's own tests change images that they build themselves; these are built by
//! ukify and contain a real kernel.

use std::sync::OnceLock;

use kexec_bpf::parts::image::{Image, detect, detect_linux};
use kexec_bpf::parts::source::{FileOffset, FileSlice, ReadAt, ReadError, ReadErrorKind};
use proptest::prelude::*;

use guest::uki::{self, Uki};
use guest::{Kernel, Payload, second_initrd};

/// A view of a large file with some bytes and the length changed, without a copy.
struct Changed<'a> {
    file: &'a [u8],
    bytes: usize,
    patches: Vec<(usize, u8)>,
}

impl std::fmt::Debug for Changed<'_> {
    /// Leaves out the 14 MB of the file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, {:x?}", self.bytes, self.patches)
    }
}

impl ReadAt for Changed<'_> {
    fn file_bytes(&self) -> u64 {
        self.bytes as u64
    }

    fn read_at(&self, offset: FileOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let truncated = ReadError {
            offset,
            wanted_bytes: buf.len() as u64,
            kind: ReadErrorKind::Truncated,
        };
        let start = usize::try_from(offset.0).map_err(|_| truncated)?;
        let end = start.checked_add(buf.len()).ok_or(truncated)?;
        let kept = self.file.get(..self.bytes).ok_or(truncated)?;
        buf.copy_from_slice(kept.get(start..end).ok_or(truncated)?);
        for (at, byte) in &self.patches {
            if let Some(target) = at.checked_sub(start).and_then(|at| buf.get_mut(at)) {
                *target = *byte;
            }
        }
        Ok(())
    }
}

/// Returns a UKI with one profile, and one with two.
fn images() -> &'static [Vec<u8>; 2] {
    static IMAGES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let directory = guest::work_dir("mutation");
        let initrd = directory.join("second.cpio");
        let payload = Payload::new("initrd", 1_001);
        std::fs::write(&initrd, second_initrd(&[&payload])).expect("write the initrd");
        let image = |name| {
            Uki::new(&directory, name, "console=ttyS0")
                .linux(&Kernel::V6_12.image())
                .initrd(&initrd)
        };
        let second = Uki::profile(&directory, "two", "another command line").build();
        let joined = image("joined")
            .options(&["--profile", "ID=main"])
            .options(&["--join-profile", &second.display().to_string()]);
        [image("plain"), joined].map(|uki| std::fs::read(uki.build()).expect("read the UKI"))
    })
}

/// Returns positions at which a change can matter: in the headers, and in those of the
/// kernel inside.
fn position(image: &'static [u8]) -> impl Strategy<Value = usize> {
    let sections = uki::sections(image);
    let linux = sections.iter().find(|section| section.name == ".linux");
    let linux = usize::try_from(linux.expect("the UKI has a kernel").raw_offset).expect("64 bits");
    let table = usize::try_from(sections[0].entry_offset).expect("64 bits");
    prop_oneof![
        2 => table..table + 40 * sections.len(),
        1 => 0..table,
        1 => linux..linux + 0x300,
        1 => 0..image.len(),
    ]
}

fn changed(image: &'static [u8]) -> impl Strategy<Value = Changed<'static>> {
    let byte = prop_oneof![Just(0), Just(0xff), Just(0x7f), any::<u8>()];
    let bytes = prop_oneof![
        3 => Just(image.len()),
        1 => 0..=image.len(),
        1 => 0..0x1000_usize,
    ];
    let patches = prop::collection::vec((position(image), byte), 0..8);
    (bytes, patches).prop_map(move |(bytes, patches)| Changed {
        file: image,
        bytes,
        patches,
    })
}

fn check(file: &Changed<'_>) {
    let inside = |slice: FileSlice| slice.end().0 <= file.file_bytes();
    let image = match detect(file) {
        Ok(image) => image,
        Err(error) => {
            assert!(error.to_string().len() <= 80, "one line: {error}");
            return;
        }
    };
    if let Some(pe) = image.pe() {
        assert!(pe.sections.iter().all(|section| inside(section.slice)));
    }
    if let Image::Uki { uki, .. } = &image {
        assert!(uki.sections().all(|section| inside(section.slice)));
        for selection in (0..=uki.profile_count()).filter_map(|index| uki.select(index).ok()) {
            let linux = selection.linux().expect("a selection has a kernel");
            let _ = detect_linux(file, linux);
        }
    }
}

#[test]
fn unchanged_are_ukis() {
    for (image, profiles) in images().iter().zip([0, 2]) {
        let file = Changed {
            file: image,
            bytes: image.len(),
            patches: Vec::new(),
        };
        let Ok(Image::Uki { uki, .. }) = detect(&file) else {
            panic!("ukify's image is not a UKI: {:?}", detect(&file));
        };
        assert_eq!(uki.profile_count(), profiles);
        check(&file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn changed_never_panics(file in prop_oneof![changed(&images()[0]), changed(&images()[1])]) {
        check(&file);
    }
}
