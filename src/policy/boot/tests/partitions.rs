// SPDX-License-Identifier: GPL-2.0-or-later
//! The choice of the ESP and the XBOOTLDR partition.

use crate::formats::disk::partition::PartitionType::{Esp, Other, Xbootldr};
use crate::formats::disk::partition::{Partition, PartitionType, Table, TableError};
use crate::formats::source::{FileOffset, FileSlice};
use crate::policy::boot::error::BootError;
use crate::policy::boot::partitions::{self, Choice, Chosen, Disk, DiskError, partition_name};

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
        label: String::new(),
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
    /// The names of the partitions, with a bar after those that a boot loader would read,
    /// and the notes; or the text about what was seen.
    wanted: Result<(&'static str, Vec<&'static str>), &'static str>,
}

/// Returns a row in which partitions are found.
fn chosen(
    name: &'static str,
    disks: &[Disk],
    started_from: Option<String>,
    partitions: &'static str,
    notes: &[&'static str],
) -> Case {
    Case {
        name,
        disks: disks.to_vec(),
        started_from,
        wanted: Ok((partitions, notes.to_vec())),
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

/// Returns the names of partitions as the rows have them.
fn names(choice: &Choice<'_>) -> String {
    let name = |one: &Chosen<'_>| partition_name(one.disk, one.partition.number);
    let mut names: Vec<String> = choice.partitions.iter().map(name).collect();
    names.insert(choice.firsts, "|".into());
    names.join(" ")
}

/// Compares all rows before it fails, and names each that differs.
#[track_caller]
fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let found = partitions::choose(&case.disks, case.started_from.as_deref());
        let found = found.map(|choice| (names(&choice), choice.notes));
        let wanted = match &case.wanted {
            Ok((names, notes)) => Ok((
                String::from(*names),
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
        nothing(
            "no disks",
            &[],
            "the kernel knows no disk: its driver may be missing",
        ),
        nothing(
            "no partition table",
            &[bad("vda", DiskError::Table(TableError::None))],
            "vda: no partition table",
        ),
        nothing(
            "both tables damaged",
            &[bad("vda", DiskError::Table(TableError::Damaged))],
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
                bad("vda", DiskError::Table(TableError::None)),
                bad("vdc", DiskError::Table(TableError::Damaged)),
            ],
            "vdb: no ESP or XBOOTLDR, vda: no partition table, vdc: both partition tables are damaged",
        ),
    ]);
}

#[test]
fn an_esp_goes_before_its_xbootldr_partition() {
    let one = [disk("vda", &[Other, Esp, Other])];
    let both = [disk("vda", &[Esp, Xbootldr])];
    let reversed = [disk("vda", &[Other, Xbootldr, Other, Esp])];
    let boot = [disk("vda", &[Other, Xbootldr])];
    let two = [disk("vda", &[Xbootldr, Xbootldr])];
    let bad = [
        bad("sda", DiskError::Table(TableError::None)),
        disk("vda", &[Esp]),
        bad("vdb", DiskError::Table(TableError::Damaged)),
    ];
    check(&[
        chosen("one ESP", &one, None, "vda2 |", &[]),
        chosen("both", &both, None, "vda1 vda2 |", &[]),
        chosen("XBOOTLDR first", &reversed, None, "vda4 vda2 |", &[]),
        chosen("only XBOOTLDR", &boot, None, "vda2 |", &[]),
        chosen("two XBOOTLDR", &two, None, "vda1 | vda2", &[]),
        chosen("bad disks around it", &bad, None, "vda1 |", &[]),
    ]);
}

#[test]
fn of_two_esps_on_a_disk_the_firmware_s_comes_first() {
    let disks = [disk("vda", &[Esp, Xbootldr, Esp, Xbootldr])];
    let upper = uuid("vda", 3).to_uppercase();
    let case = |name, started_from, wanted| chosen(name, &disks, started_from, wanted, &[]);
    let mut same = disks.clone();
    for partition in &mut same[0].table.as_mut().unwrap().partitions {
        partition.uuid = uuid("vda", 3);
    }
    let (first, other) = ("vda1 vda2 | vda3 vda4", "vda3 vda2 | vda1 vda4");
    check(&[
        case("no UUID", None, first),
        case("nobody's UUID", Some(uuid("vda", 5)), first),
        case("an empty UUID", Some(String::new()), first),
        case("the first", Some(uuid("vda", 1)), first),
        case("lower case", Some(uuid("vda", 3)), other),
        case("upper case", Some(upper), other),
        case("XBOOTLDR", Some(uuid("vda", 4)), "vda1 vda4 | vda3 vda2"),
        chosen(
            "one UUID for all",
            &same,
            Some(uuid("vda", 3)),
            "vda3 vda4 | vda1 vda2",
            &[],
        ),
    ]);
}

#[test]
fn of_several_disks_the_firmware_s_comes_first() {
    let disks = [
        disk("vda", &[Esp, Xbootldr]),
        disk("vdb", &[Other, Xbootldr, Esp]),
        disk("vdc", &[Xbootldr, Other]),
    ];
    let case = |name, started_from, wanted| chosen(name, &disks, started_from, wanted, &[]);
    let mut copy = disk("vda", &[Esp]);
    copy.name = "vdb".into();
    let first = "vda1 vda2 | vdb3 vdb2 vdc1";
    let second = "vdb3 vdb2 | vda1 vda2 vdc1";
    let third = "vdc1 | vda1 vda2 vdb3 vdb2";
    check(&[
        case("no UUID", None, first),
        case("nobody's UUID", Some(uuid("vdd", 1)), first),
        case("the first disk", Some(uuid("vda", 1)), first),
        case("the second disk", Some(uuid("vdb", 3)), second),
        case("its XBOOTLDR", Some(uuid("vdb", 2)), second),
        case("only XBOOTLDR", Some(uuid("vdc", 1)), third),
        case("another type", Some(uuid("vdc", 2)), first),
        chosen(
            "a second ESP of the firmware's disk",
            &[disk("vda", &[Esp]), disk("vdb", &[Esp, Esp])],
            Some(uuid("vdb", 1)),
            "vdb1 | vdb2 vda1",
            &[],
        ),
        chosen(
            "a copy of the firmware's disk",
            &[disk("vda", &[Esp]), copy],
            Some(uuid("vda", 1)),
            "vda1 | vdb1",
            &[],
        ),
    ]);
}

/// A stick that was made by hand has no ESP, and firmware starts it nevertheless.
#[test]
fn the_firmware_s_partition_is_an_esp_whatever_its_type() {
    let mut disks = [disk("vda", &[Esp]), disk("vdb", &[Xbootldr, Other, Other])];
    let started_from = uuid("vdb", 2);
    for disk in &mut disks {
        disk.mark_esp(&started_from.to_uppercase());
    }
    let wanted = "vdb2 vdb1 | vda1";
    check(&[chosen("a stick", &disks, Some(started_from), wanted, &[])]);
    disks[1].mark_esp(&uuid("vdb", 1));
    let is_xbootldr = disks[1].partitions()[0].partition_type == Xbootldr;
    assert!(is_xbootldr);
}

/// Boot loaders are started from an ESP.
#[test]
fn a_disk_with_an_esp_comes_before_one_with_only_xbootldr() {
    let disks = [disk("vda", &[Xbootldr]), disk("vdb", &[Esp])];
    let firmware = Some(uuid("vda", 1));
    check(&[
        chosen("no UUID", &disks, None, "vdb1 | vda1", &[]),
        chosen("the firmware's", &disks, firmware, "vda1 | vdb1", &[]),
    ]);
}

#[test]
fn a_damaged_first_table_is_noted() {
    let vda = "vda: the first partition table is damaged; the second is used";
    let vdb = "vdb: the first partition table is damaged; the second is used";
    let two = [damaged("vda", &[Esp]), damaged("vdb", &[Esp])];
    let other = [disk("vda", &[Esp]), damaged("vdb", &[Other])];
    let firmware = Some(uuid("vdb", 1));
    check(&[
        chosen("its own", &two[..1], None, "vda1 |", &[vda]),
        chosen("of another disk", &other, None, "vda1 |", &[vdb]),
        chosen("both", &two, None, "vda1 | vdb1", &[vda, vdb]),
        chosen("the firmware's", &two, firmware, "vdb1 | vda1", &[vda, vdb]),
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
}
