// SPDX-License-Identifier: GPL-2.0-or-later
//! systemd-boot is the oracle: with the same disk and EFI variables kexec-bpf must list the
//! same entries in the same order, and boot the same one.
//!
//! One guest reboots itself through the settings. Each kernel prepares the next setting and
//! asks kexec-bpf; the next kernel says what systemd-boot exported and which entry it
//! started. Each entry has its own word `id=` on its command line.

mod differences;
mod entries;
mod listed;
mod settings;
mod steps;
mod ukis;

use std::path::Path;

use guest::disk::BuiltDisk;
use guest::library::with_libraries;
use guest::{Disk, Kernel, Partition, Transcript, firmware, packages};
use listed::{Listed, id_word, json_text};
use settings::Setting;
use steps::Boot;

pub const KERNEL: Kernel = Kernel::V6_12;

/// The least number of entries that both must show.
const ENTRIES_MIN: usize = 150;

/// The least number of entries that bootctl must list in the same order.
const BOOTCTL_MIN: usize = 120;

#[test]
fn five_settings() {
    let short = settings::ALL.iter().filter(|setting| setting.is_short);
    same_as_sd_boot("short", &short.collect::<Vec<_>>());
}

#[test]
fn long_all_settings() {
    same_as_sd_boot("all", &settings::ALL.iter().collect::<Vec<_>>());
}

fn same_as_sd_boot(name: &str, settings: &[&Setting]) {
    let directory = guest::work_dir(&format!("sd-boot-{name}"));
    let disk = disk(&directory, settings);
    let said = firmware::machine_with_disk(&directory, disk.path().to_owned())
        .memory_mb(1024)
        .resets()
        .timeout_s(300 + 120 * settings.len() as u64)
        .run();
    let boots = steps::boots(&said);
    let mut wrong = Vec::new();
    for (setting, boot) in settings.iter().zip(&boots) {
        let mut complain = |what: String| wrong.push(format!("{}: {what}", setting.name));
        compare_lists(boot, &mut complain);
        compare_choices(setting, boot, &mut complain);
    }
    if boots.len() != settings.len() {
        wrong.push(format!("{} boots", boots.len()));
    }
    compare_with_bootctl(&said, &boots[0], &mut |what| wrong.push(what));
    if !wrong.is_empty() {
        said.fail(&wrong.join("\n"));
    }
}

/// Builds the disk with all entries.
fn disk(directory: &Path, settings: &[&Setting]) -> BuiltDisk {
    let initrd = directory.join("initrd");
    std::fs::write(&initrd, steps::initramfs()).expect("write the initramfs");
    let loader = "usr/lib/systemd/boot/efi/systemd-bootx64.efi";
    let mut disk = Disk::new(directory).fat_xbootldr().file_from(
        Partition::Esp,
        "EFI/BOOT/BOOTX64.EFI",
        &packages::file("stub-forky", loader),
    );
    for volume in [Partition::Esp, Partition::Xbootldr] {
        disk = disk
            .file_from(volume, "vmlinuz", &KERNEL.image())
            .file_from(volume, "initrd", &initrd)
            .file(volume, "empty", b"");
    }
    disk = disk
        .esp("extra/a.cred", b"a credential")
        .file_from(Partition::Xbootldr, "only-on-xbootldr", &KERNEL.image())
        // This one does not count.
        .xbootldr("loader/loader.conf", b"default m7.conf\n")
        .directory(Partition::Esp, "loader/entries/directory.conf");
    for entry in entries::all() {
        let path = format!("loader/entries/{}", entry.name);
        disk = disk.file(entry.volume, &path, entry.text.as_bytes());
    }
    let real = ukis::real(directory, &initrd);
    for uki in real.into_iter().chain(ukis::small()) {
        disk = disk.file(uki.volume, &format!("EFI/Linux/{}", uki.name), &uki.image);
    }
    // bootctl runs from the ESP, so that it is not in every initrd.
    for (path, source) in with_libraries("bootctl", "usr/bin/bootctl", "bootctl") {
        let name = path.rsplit('/').next().unwrap_or(&path);
        disk = disk.file_from(Partition::Esp, &format!("tools/{name}"), &source);
    }
    steps::with_settings(disk, settings).build()
}

/// Returns the ids that systemd-boot exported, without those that it makes itself.
fn exported(boot: &Boot) -> Vec<&str> {
    let ids = boot.entries.iter().map(String::as_str);
    ids.filter(|id| !id.starts_with("auto-")).collect()
}

/// Compares the entries and their order, and each difference with its row.
fn compare_lists(boot: &Boot, complain: &mut dyn FnMut(String)) {
    let list = listed::list(&boot.list);
    let exported = exported(boot);
    for row in differences::ALL {
        let own: Vec<&Listed> = list.iter().filter(|entry| entry.id == row.id).collect();
        if own.len() != 1 || own[0].is_skipped != row.is_skipped {
            complain(format!("list shows {} as {own:?}", row.id));
        }
        let is_shown = |id: &str| exported.contains(&id);
        if !row.sd_boot.map_or(!is_shown(row.id), is_shown) {
            complain(format!("systemd-boot does not show {} so", row.id));
        }
    }
    let is_row = |id: &str| {
        let mut rows = differences::ALL.iter();
        rows.any(|row| row.id == id || row.sd_boot == Some(id))
    };
    let ours: Vec<&str> = list
        .iter()
        .map(|entry| entry.id.as_str())
        .filter(|id| !is_row(id))
        .collect();
    let theirs: Vec<&str> = exported.into_iter().filter(|id| !is_row(id)).collect();
    if ours.len() < ENTRIES_MIN {
        complain(format!("only {} entries", ours.len()));
    }
    if ours != theirs {
        let mut pairs = ours.iter().zip(&theirs);
        let same = pairs.position(|(ours, theirs)| ours != theirs);
        let at = same.unwrap_or(ours.len().min(theirs.len()));
        let rest = |ids: &[&str]| {
            ids[at..]
                .iter()
                .take(4)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        };
        complain(format!(
            "from the entry {at} on: {} here, {} there",
            rest(&ours),
            rest(&theirs)
        ));
    }
}

/// Compares the default, and the entry that was started.
fn compare_choices(setting: &Setting, boot: &Boot, complain: &mut dyn FnMut(String)) {
    let list = listed::list(&boot.list);
    let default = list.iter().find(|entry| entry.is_default);
    let default = default.map_or("", |entry| &entry.id);
    let planned = boot.plan.join(" ");
    let (planned, started) = (id_word(&planned), id_word(&boot.cmdline));
    if boot.selected != setting.boots {
        complain(format!("systemd-boot chooses {}", boot.selected));
    }
    if default != setting.ours.unwrap_or(setting.boots) {
        complain(format!("list chooses {default}"));
    }
    if (planned == started) != setting.ours.is_none() || started.is_none() {
        complain(format!("plan: {planned:?}, started: {started:?}"));
    }
}

/// Compares the order of the entries that bootctl names as systemd-boot does. It refuses
/// names with blanks and the like, shows files that systemd-boot hides, and keeps the case.
fn compare_with_bootctl(said: &Transcript, boot: &Boot, complain: &mut dyn FnMut(String)) {
    let objects = said.all("json");
    let ids = objects.iter().filter_map(|object| json_text(object, "id"));
    let listed: Vec<&str> = ids.collect();
    let exported = exported(boot);
    let in_both = |from: &[&str], other: &[&str]| -> Vec<String> {
        let ids = from.iter().filter(|id| other.contains(id));
        let ids = ids.filter(|id| !differences::BOOTCTL.contains(id));
        ids.map(|id| (*id).to_owned()).collect()
    };
    let (ours, theirs) = (in_both(&exported, &listed), in_both(&listed, &exported));
    if ours != theirs || ours.len() < BOOTCTL_MIN {
        let (ours, theirs) = (ours.join(", "), theirs.join(", "));
        complain(format!("bootctl: {theirs}\nnot: {ours}"));
    }
}
