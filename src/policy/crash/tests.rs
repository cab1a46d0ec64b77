// SPDX-License-Identifier: GPL-2.0-or-later
//! Estimates: each verdict, the smallest reservation, and their properties.
use super::estimate::{BASE_BYTES, Estimate, Image, Reservation, RootFs, Verdict};
use super::*;
use crate::diagnosis::Hint;
use crate::diagnosis::size::size;
use proptest::prelude::*;

const MIB: u64 = 1 << 20;

fn image(kernel_mib: u64, initrd_mib: u64, unpacked_mib: u64, root: RootFs) -> Image {
    Image {
        kernel_bytes: kernel_mib * MIB,
        initrd_bytes: initrd_mib * MIB,
        unpacked_bytes: unpacked_mib * MIB,
        root,
    }
}

fn estimate(image: Image, mib: u64) -> Estimate {
    let reservation = Reservation {
        bytes: mib * MIB,
        elfcorehdr_bytes: Some(MIB),
    };
    Estimate::new(image, reservation)
}

#[test]
fn verdicts_follow_from_the_sums() {
    let image = image(56, 13, 48, RootFs::Ramfs);
    // 56 + 13 + 1 + 1/8 MiB to load; 48 + 32 MiB and a 64th more to run.
    for (mib, verdict) in [
        (64, Verdict::CannotLoad),
        (70, Verdict::CannotLoad),
        (72, Verdict::Tight),
        (128, Verdict::Tight),
        (152, Verdict::Tight),
        (153, Verdict::Fits),
        (256, Verdict::Fits),
    ] {
        assert_eq!(estimate(image, mib).verdict, verdict, "{mib} MiB");
    }
    for (mib, or) in [(64, ", or use a smaller initrd"), (48, "")] {
        let found = estimate(image, mib).no_room();
        let cause = format!(
            "70.1 MiB needed to load, {} to run, {mib}.0 MiB reserved",
            size(estimate(image, mib).run_bytes)
        );
        assert_eq!(found.cause_text(), cause);
        assert_eq!(found.hints, [Hint::Crashkernel { mib: 153, or }]);
    }
    let found = estimate(image, 128);
    assert_eq!(found.enough_mib, 153);
    assert_eq!(found.load_bytes, 70 * MIB + (128 << 10));
    assert_eq!(found.map_bytes, 2 * MIB);
    assert_eq!(found.run_bytes, found.load_bytes + 50 * MIB + BASE_BYTES);
}

#[test]
fn a_tmpfs_root_holds_half() {
    let ramfs = estimate(image(56, 30, 80, RootFs::Ramfs), 220);
    let tmpfs = estimate(image(56, 30, 80, RootFs::Tmpfs), 220);
    assert_eq!(ramfs.verdict, Verdict::Fits);
    assert_eq!(tmpfs.verdict, Verdict::Tight);
    assert_eq!(ramfs.tmpfs_bytes, None);
    assert!(tmpfs.tmpfs_bytes.unwrap() < 80 * MIB);
    assert!(tmpfs.enough_mib > ramfs.enough_mib);
}

#[test]
fn the_initrd_may_lie_above_the_kernel() {
    // The alignment leaves 1 MiB above the kernel, and nothing below.
    let small = image(56, 1, 1, RootFs::Ramfs);
    let reservation = |kib: u64| Reservation {
        bytes: kib << 10,
        elfcorehdr_bytes: Some(0),
    };
    let verdict = |kib| Estimate::new(small, reservation(kib)).verdict;
    assert_eq!(verdict((57 << 10) + 128), Verdict::Tight);
    assert_eq!(verdict((57 << 10) + 124), Verdict::CannotLoad);
}

#[test]
fn the_first_root_is_a_tmpfs_unless_told_otherwise() {
    for (line, root) in [
        ("", RootFs::Tmpfs),
        ("quiet", RootFs::Tmpfs),
        ("root=/dev/vda", RootFs::Ramfs),
        ("rootfstype=ramfs", RootFs::Ramfs),
        ("root=/dev/vda rootfstype=tmpfs", RootFs::Tmpfs),
        ("root=/dev/vda rootfstype=ext4", RootFs::Ramfs),
        ("-- root=/dev/vda", RootFs::Tmpfs),
    ] {
        assert_eq!(root_fs(line.as_bytes()), root, "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn enough_is_the_least_that_fits(
        kernel in 1..200 * MIB,
        initrd in 0..400 * MIB,
        unpacked in 0..2000 * MIB,
        tmpfs: bool,
    ) {
        let image = Image {
            kernel_bytes: kernel,
            initrd_bytes: initrd,
            unpacked_bytes: unpacked,
            root: if tmpfs { RootFs::Tmpfs } else { RootFs::Ramfs },
        };
        let enough = estimate(image, 1).enough_mib;
        prop_assert_eq!(estimate(image, enough).verdict, Verdict::Fits);
        prop_assert!(estimate(image, enough - 2).verdict != Verdict::Fits);
    }

    #[test]
    fn more_memory_is_never_worse(numbers: [u64; 5], tmpfs: bool) {
        let [kernel_bytes, initrd_bytes, unpacked_bytes, bytes, more] = numbers;
        let root = if tmpfs { RootFs::Tmpfs } else { RootFs::Ramfs };
        let image = Image { kernel_bytes, initrd_bytes, unpacked_bytes, root };
        let rank = |bytes| {
            let reservation = Reservation { bytes, elfcorehdr_bytes: None };
            match Estimate::new(image, reservation).verdict {
                Verdict::Fits => 2,
                Verdict::Tight => 1,
                Verdict::CannotLoad => 0,
            }
        };
        let fits = rank(bytes) == 2;
        prop_assert!(!fits || rank(bytes.saturating_add(more)) == 2);
    }
}
