// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of the ESP and the XBOOTLDR partition.

use crate::formats::disk::gpt::PartitionType::{Esp, Other, Xbootldr};
use crate::formats::disk::gpt::{GptError, Partition, PartitionType, Table};
use crate::formats::source::{FileOffset, FileSlice};
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{self, Choice, Disk, DiskError, partition_name};

/// Returns the UUID of a partition: that of number 1 on the disk "vda" ends with "vda-1".
fn uuid(disk: &str, number: u32) -> String {
    format!("c0ffee00-{disk}-{number}")
}

/// Returns a disk whose partitions have these types, numbered from 1.
fn disk(name: &str, types: &[PartitionType]) -> Disk {
    let partition = |(number, partition_type): (u32, &PartitionType)| Partition {
        number,
        partition_type: *partition_type,
        uuid: uuid(name, number),
        slice: FileSlice {
            offset: FileOffset(u64::from(number) << 20),
            bytes: 1 << 20,
        },
    };
    Disk {
        name: name.into(),
        table: Ok(Table {
            partitions: (1..).zip(types).map(partition).collect(),
            from_backup: false,
        }),
    }
}

/// Returns a disk on which only the second table is sound.
fn damaged(name: &str, types: &[PartitionType]) -> Disk {
    let mut disk = disk(name, types);
    disk.table.as_mut().unwrap().from_backup = true;
    disk
}

/// Returns a disk whose partitions are not known.
fn bad(name: &str, error: DiskError) -> Disk {
    Disk {
        name: name.into(),
        table: Err(error),
    }
}

/// One row: what was read, and the expected result.
struct Case {
    name: &'static str,
    disks: Vec<Disk>,
    started_from: Option<String>,
    /// The disk, its partitions and the notes; or the text about what was seen.
    wanted: Result<(&'static str, Vec<u32>, Vec<&'static str>), &'static str>,
}

/// Returns a row in which a disk is chosen.
fn chosen(
    name: &'static str,
    disks: &[Disk],
    started_from: Option<String>,
    (disk, numbers): (&'static str, &[u32]),
    notes: &[&'static str],
) -> Case {
    Case {
        name,
        disks: disks.to_vec(),
        started_from,
        wanted: Ok((disk, numbers.to_vec(), notes.to_vec())),
    }
}

/// Returns a row in which there is nothing to choose.
fn nothing(name: &'static str, disks: &[Disk], seen: &'static str) -> Case {
    Case {
        name,
        disks: disks.to_vec(),
        started_from: Some(uuid("vda", 1)),
        wanted: Err(seen),
    }
}

/// Compares all rows before it fails, and names each that differs.
#[track_caller]
fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let found = partitions::choose(&case.disks, case.started_from.as_deref());
        let found = found.map(
            |Choice {
                 disk,
                 partitions,
                 notes,
             }| {
                let on_disk = case.disks.iter().find(|one| one.name == disk).unwrap();
                let all = &on_disk.table.as_ref().unwrap().partitions;
                assert!(partitions.iter().all(|one| all.contains(one)));
                let numbers = partitions.iter().map(|one| one.number).collect();
                (disk.to_owned(), numbers, notes)
            },
        );
        let wanted = match &case.wanted {
            Ok((disk, numbers, notes)) => Ok((
                String::from(*disk),
                numbers.clone(),
                notes.iter().map(|note| String::from(*note)).collect(),
            )),
            Err(seen) => Err(BootError::NoEsp {
                seen: String::from(*seen),
            }),
        };
        if found != wanted {
            wrong.push(format!("{}: {found:?}, not {wanted:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_an_esp_the_error_says_what_was_seen() {
    check(&[
        nothing("no disks", &[], "no disk"),
        nothing(
            "no GPT",
            &[bad("vda", DiskError::Gpt(GptError::None))],
            "vda: no GPT",
        ),
        nothing(
            "both tables damaged",
            &[bad("vda", DiskError::Gpt(GptError::Damaged))],
            "vda: both partition tables are damaged",
        ),
        nothing(
            "not opened",
            &[bad("sr0", DiskError::Open("open: ENOMEDIUM (123)".into()))],
            "sr0: open: ENOMEDIUM (123)",
        ),
        nothing(
            "an empty table",
            &[disk("vda", &[])],
            "vda: no ESP or XBOOTLDR",
        ),
        nothing(
            "the firmware's partition is of another type",
            &[disk("vda", &[Other])],
            "vda: no ESP or XBOOTLDR",
        ),
        nothing(
            "several disks, in their order",
            &[
                damaged("vdb", &[Other]),
                bad("vda", DiskError::Gpt(GptError::None)),
                bad("vdc", DiskError::Gpt(GptError::Damaged)),
            ],
            "vdb: no ESP or XBOOTLDR, vda: no GPT, vdc: both partition tables are damaged",
        ),
    ]);
}

#[test]
fn an_esp_goes_before_its_xbootldr_partition() {
    let one = [disk("vda", &[Other, Esp, Other])];
    let both = [disk("vda", &[Esp, Xbootldr])];
    let reversed = [disk("vda", &[Other, Xbootldr, Other, Esp])];
    check(&[
        chosen("one ESP", &one, None, ("vda", &[2]), &[]),
        chosen("both", &both, None, ("vda", &[1, 2]), &[]),
        chosen("XBOOTLDR first", &reversed, None, ("vda", &[4, 2]), &[]),
        chosen(
            "only XBOOTLDR",
            &[disk("vda", &[Other, Xbootldr])],
            None,
            ("vda", &[2]),
            &[],
        ),
        chosen(
            "two XBOOTLDR partitions",
            &[disk("vda", &[Xbootldr, Xbootldr])],
            None,
            ("vda", &[1]),
            &[],
        ),
        chosen(
            "bad disks before and after it",
            &[
                bad("sda", DiskError::Gpt(GptError::None)),
                disk("vda", &[Esp]),
                bad("vdb", DiskError::Gpt(GptError::Damaged)),
            ],
            None,
            ("vda", &[1]),
            &[],
        ),
    ]);
}

const TWO: &str = "more than one ESP: vda1, vda3; using vda1; --device selects another";

#[test]
fn of_two_esps_on_a_disk_the_firmware_s_is_taken() {
    let disks = [disk("vda", &[Esp, Xbootldr, Esp, Xbootldr])];
    let upper = uuid("vda", 3).to_uppercase();
    let case = |name, started_from, numbers, notes| {
        chosen(name, &disks, started_from, ("vda", numbers), notes)
    };
    let mut same = disks.clone();
    for partition in &mut same[0].table.as_mut().unwrap().partitions {
        partition.uuid = uuid("vda", 3);
    }
    check(&[
        case("no UUID", None, &[1, 2], &[TWO]),
        case("nobody's UUID", Some(uuid("vda", 5)), &[1, 2], &[TWO]),
        case("an empty UUID", Some(String::new()), &[1, 2], &[TWO]),
        case("the first", Some(uuid("vda", 1)), &[1, 2], &[]),
        case("lower case", Some(uuid("vda", 3)), &[3, 2], &[]),
        case("upper case", Some(upper), &[3, 2], &[]),
        case("an XBOOTLDR partition", Some(uuid("vda", 4)), &[1, 4], &[]),
        chosen(
            "one UUID for all",
            &same,
            Some(uuid("vda", 3)),
            ("vda", &[3, 4]),
            &[],
        ),
    ]);
}

#[test]
fn of_several_disks_the_firmware_s_is_taken() {
    let disks = [
        disk("vda", &[Esp, Xbootldr]),
        disk("vdb", &[Other, Xbootldr, Esp]),
        disk("vdc", &[Xbootldr, Other]),
    ];
    let note = "more than one ESP: vda1, vdb3; using vda1; --device selects another";
    let case = |name, started_from, wanted: (_, &[u32]), notes: &[_]| {
        chosen(name, &disks, started_from, wanted, notes)
    };
    let mut copy = disk("vda", &[Esp]);
    copy.name = "vdb".into();
    check(&[
        case("no UUID", None, ("vda", &[1, 2]), &[note]),
        case(
            "nobody's UUID",
            Some(uuid("vdd", 1)),
            ("vda", &[1, 2]),
            &[note],
        ),
        case(
            "the first disk",
            Some(uuid("vda", 1)),
            ("vda", &[1, 2]),
            &[],
        ),
        case(
            "the second disk",
            Some(uuid("vdb", 3)),
            ("vdb", &[3, 2]),
            &[],
        ),
        case(
            "its XBOOTLDR partition",
            Some(uuid("vdb", 2)),
            ("vdb", &[3, 2]),
            &[],
        ),
        case("only XBOOTLDR", Some(uuid("vdc", 1)), ("vdc", &[1]), &[]),
        case(
            "another type",
            Some(uuid("vdc", 2)),
            ("vda", &[1, 2]),
            &[note],
        ),
        chosen(
            "a copy of the firmware's disk",
            &[disk("vda", &[Esp]), copy],
            Some(uuid("vda", 1)),
            ("vda", &[1]),
            &[],
        ),
    ]);
}

/// An XBOOTLDR partition counts as much as an ESP for the choice of the disk.
#[test]
fn the_first_disk_may_have_only_xbootldr() {
    let disks = [
        disk("vda", &[Xbootldr]),
        disk("vdb", &[Esp]),
        disk("vdc", &[Esp]),
    ];
    let note = "more than one ESP: vdb1, vdc1; using vda1; --device selects another";
    check(&[
        chosen("one ESP after it", &disks[..2], None, ("vda", &[1]), &[]),
        chosen("two ESPs after it", &disks, None, ("vda", &[1]), &[note]),
    ]);
}

#[test]
fn a_damaged_first_table_is_noted() {
    let vda = "vda: the first partition table is damaged; the second is used";
    let vdb = "vdb: the first partition table is damaged; the second is used";
    let esps = "more than one ESP: vda1, vdb1; using vda1; --device selects another";
    let two = [damaged("vda", &[Esp]), damaged("vdb", &[Esp])];
    check(&[
        chosen("its own", &two[..1], None, ("vda", &[1]), &[vda]),
        chosen(
            "of a disk that is not chosen",
            &[disk("vda", &[Esp]), damaged("vdb", &[Other])],
            None,
            ("vda", &[1]),
            &[vdb],
        ),
        chosen(
            "before several ESPs",
            &two,
            None,
            ("vda", &[1]),
            &[vda, vdb, esps],
        ),
        chosen(
            "the firmware's",
            &two,
            Some(uuid("vdb", 1)),
            ("vdb", &[1]),
            &[vda, vdb],
        ),
    ]);
}

#[test]
fn partitions_are_named_as_the_kernel_names_them() {
    for (disk, number, name) in [
        ("vda", 1, "vda1"),
        ("sdaa", 12, "sdaa12"),
        ("nvme0n1", 1, "nvme0n1p1"),
        ("mmcblk0", 2, "mmcblk0p2"),
        ("cciss!c0d0", 3, "cciss!c0d0p3"),
    ] {
        assert_eq!(partition_name(disk, number), name);
    }
    check(&[chosen(
        "in a note",
        &[disk("nvme0n1", &[Esp]), disk("sda", &[Xbootldr, Esp])],
        None,
        ("nvme0n1", &[1]),
        &["more than one ESP: nvme0n1p1, sda2; using nvme0n1p1; --device selects another"],
    )]);
}
