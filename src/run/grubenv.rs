// SPDX-License-Identifier: GPL-2.0-or-later
//! Finds grub's environment block on a file system, and takes `next_entry` out of it.
//! Layer: effects.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::entry::is_absent;
use super::text::{read_start, read_text};
use super::volume::{Volume, boots};
use crate::diagnosis::escape::escaped;
use crate::formats::entries::grubenv::{self, Grubenv};
use crate::formats::sort::sort;
use crate::policy::boot::choose::{GrubChoice, GrubChoices, GrubPlace};
use crate::policy::boot::entry::Entry;

/// Limit on the directories in EFI that are looked into.
const VENDORS_MAX: usize = 64;
/// The directory of vendors on an ESP.
const VENDORS: &[u8] = b"EFI/";
/// The names of the block and of grub's menu, which lie in one directory.
const BLOCK: &[u8] = b"grubenv";
const MENU: &[u8] = b"grub.cfg";
/// The entry for the next boot only.
const NEXT: &[u8] = b"next_entry";

/// An environment block and its place.
pub struct GrubFile {
    /// The number of its file system.
    volume: usize,
    /// The path of /boot in it.
    boot: &'static str,
    path: Vec<u8>,
    text: Vec<u8>,
    pub variables: Grubenv,
}

/// A link in place of an environment block, to one on an ESP.
struct Link {
    volume: usize,
    boot: &'static str,
    path: Vec<u8>,
}

/// The environment blocks of all file systems.
#[derive(Default)]
pub struct GrubFiles {
    files: Vec<GrubFile>,
    /// Variables in menus without a block beside them.
    menus: Vec<GrubFile>,
    links: Vec<Link>,
    /// The disks of each file system.
    disks: Vec<Vec<String>>,
    /// True if the disk that the firmware started from is known; the first file system is the
    /// ESP there, or else beside it.
    pub is_known: bool,
}

impl GrubFiles {
    /// Reads the environment blocks of the next file system: those in grub's directory, in its
    /// root or in a /boot below it, and those of vendors on an ESP.
    /// A note says which of them counts nothing, and why.
    pub fn read(&mut self, on: &Volume, notes: &mut Vec<String>) {
        let volume = self.disks.len();
        self.disks.push(on.disks.clone());
        let root = &on.root;
        let mut read = |boot: &'static str, path: Vec<u8>| {
            let read = read_text(root, &path);
            let text = read.as_deref().unwrap_or_default();
            let block = Grubenv::parse(text);
            let is_block = block.is_some();
            let problem = match &read {
                Ok(text) if !is_block && !text.is_empty() => "not an environment block".into(),
                Err(problem) if !is_absent(root, &path) => problem.to_string(),
                _ => String::new(),
            };
            if !problem.is_empty() {
                notes.push(format!("{} is ignored: {problem}", escaped(&path)));
            }
            let text = read.unwrap_or_default();
            let mut variables = block.unwrap_or_default();
            if (is_block || root.link(&path).is_none())
                && let Some(directory) = path.strip_suffix(BLOCK)
                && let Ok(menu) = read_start(root, &[directory, MENU].concat())
            {
                variables.add_fallbacks(&menu);
            }
            let file = GrubFile {
                volume,
                boot,
                path,
                text,
                variables,
            };
            match is_block {
                true => self.files.push(file),
                false if file.variables == Grubenv::default() => {}
                false => self.menus.push(file),
            }
            is_block
        };
        let mut has_own = false;
        for boot in boots(root) {
            for name in ["grub2", "grub"] {
                let path = [boot, name, "/grubenv"].concat();
                if read(boot, path.clone().into()) {
                    has_own |= boot.is_empty();
                    break;
                }
                // RHEL has a link to the ESP, which is mounted elsewhere.
                let target = root.link(path.as_bytes()).unwrap_or_default();
                let at = target
                    .windows(VENDORS.len())
                    .rposition(|part| part == VENDORS);
                if let Some(path) = at.and_then(|at| target.get(at..)) {
                    let path = path.to_vec();
                    self.links.push(Link { volume, boot, path });
                }
            }
        }
        if has_own {
            return;
        }
        let vendors = root.names(b"EFI", VENDORS_MAX, &|_| true);
        let mut vendors = vendors.unwrap_or_default();
        sort(&mut vendors, Ord::cmp);
        for name in &vendors {
            read("", [VENDORS, name, b"/grubenv"].concat());
        }
    }

    /// Returns grub's variables for the entries of a place: those of its block, and what that
    /// lacks of the first menu that may be theirs.
    pub fn variables(&self, volume: usize, boot: &str) -> Option<Grubenv> {
        let is_own = |menu: &&GrubFile| (menu.volume, menu.boot) == (volume, boot);
        let is_near =
            |menu: &&GrubFile| menu.is_vendors() && self.share_a_disk(menu.volume, volume);
        let menu = self.menus.iter().find(is_own);
        let menu = menu.or_else(|| self.menus.iter().find(is_near));
        let mut all = self.of(volume, boot).or(menu)?.variables.clone();
        if let Some(menu) = menu {
            all.fill(&menu.variables);
        }
        Some(all)
    }

    /// Returns the block for the entries of a place: the one that a link there names, its own,
    /// or else the only one of its file system, or of a vendor on an ESP of its disks. What is
    /// on another disk belongs to another system.
    pub fn of(&self, volume: usize, boot: &str) -> Option<&GrubFile> {
        let is_linked = |file: &GrubFile| {
            let mut links = self.links.iter();
            let link = links.find(|link| (link.volume, link.boot) == (volume, boot));
            link.map(|link| link.path.eq_ignore_ascii_case(&file.path))
        };
        let is_near = |file: &GrubFile| self.share_a_disk(file.volume, volume);
        let has_link = self.files.iter().any(|file| is_linked(file).is_some());
        // Subvolumes are of different systems.
        let is_root = |boot: &str| matches!(boot, "" | "boot/");
        let rules: [&dyn Fn(&GrubFile) -> bool; 3] = [
            &|file| (file.volume, file.boot) == (volume, boot),
            &|file| file.volume == volume && is_root(file.boot) && is_root(boot),
            &|file| file.volume != volume && file.is_vendors() && is_near(file),
        ];
        if has_link {
            // The ESP may be on a disk of its own.
            let is_loaders = |file: &GrubFile| self.is_known && file.volume == 0;
            let linked = |file: &GrubFile| {
                is_linked(file) == Some(true) && (is_near(file) || is_loaders(file))
            };
            return self.only(&linked)?;
        }
        let mut found = rules.iter().map(|rule| self.only(rule));
        found.find_map(|found| found)?
    }

    /// Returns whether two file systems may be of one system.
    pub fn share_a_disk(&self, a: usize, b: usize) -> bool {
        let disks = |volume: usize| self.disks.get(volume).map_or(&[][..], Vec::as_slice);
        a == b || disks(a).iter().any(|disk| disks(b).contains(disk))
    }

    /// Returns the only block that fulfils a rule, or one of several that set the same;
    /// `Some(None)` if they differ, `None` if there is none.
    #[allow(clippy::option_option)]
    fn only(&self, rule: &dyn Fn(&GrubFile) -> bool) -> Option<Option<&GrubFile>> {
        let mut all = self.files.iter().filter(|file| rule(file));
        let first = all.next()?;
        Some(
            all.all(|file| file.variables.agrees(&first.variables))
                .then_some(first),
        )
    }

    /// Returns the places whose entries grub's choices are about, each with its block, in the
    /// order of these entries: a block in a /boot is about the entries there, and that of a
    /// vendor about those of a /boot without one, or else of the ESP. On another disk than that
    /// of the first entry is another system.
    pub fn of_entries(&self, entries: &[Entry]) -> Vec<(&GrubFile, GrubPlace)> {
        let mut places: Vec<GrubPlace> = Vec::new();
        for entry in entries {
            let place = (entry.volume, entry.boot);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let first = entries.iter().find(|entry| entry.is_offered());
        let first = first.or(entries.first());
        let mut found = Vec::new();
        let mut last = Vec::new();
        for (volume, boot) in places {
            let is_far = first.is_some_and(|first| !self.share_a_disk(first.volume, volume));
            let Some(file) = self.of(volume, boot).filter(|_| !is_far) else {
                continue;
            };
            let is_own = (file.volume, file.boot) == (volume, boot);
            match (is_own, file.is_vendors()) {
                (true, true) => last.push((file, (volume, boot))),
                (true, false) | (false, true) => found.push((file, (volume, boot))),
                (false, false) => {}
            }
        }
        found.append(&mut last);
        found
    }
}

impl GrubFile {
    /// Returns whether it is a vendor's on an ESP.
    fn is_vendors(&self) -> bool {
        self.path.starts_with(VENDORS)
    }

    /// Returns the choices in the block. `next_entry` counts only if it can be taken out:
    /// else it would be booted again and again. If not, `note` is told why.
    pub fn choices(
        &self,
        place: GrubPlace,
        entries: &[Entry],
        volumes: &[Volume],
        note: &mut dyn FnMut(String),
    ) -> GrubChoices {
        let choice = |name| {
            let name = self.variables.set(name)?;
            Some(GrubChoice::new(name, place, entries))
        };
        let mut next = choice(NEXT);
        if let Some(choice) = &next
            && let Err(why) = self.write(volumes, b"")
        {
            let (path, name) = (escaped(&self.path), escaped(&choice.name));
            note(format!("{path}: next_entry={name} is ignored: {why}"));
            next = None;
        }
        GrubChoices {
            next,
            saved: choice(b"saved_entry"),
            place,
        }
    }

    /// Takes `next_entry` out of the block.
    ///
    /// # Errors
    /// The reason as a text.
    pub fn take_next(&self, volumes: &[Volume]) -> Result<(), String> {
        match grubenv::without(&self.text, NEXT) {
            Some(text) => self.write(volumes, &text),
            None => Ok(()),
        }
    }

    /// Overwrites the block, but only where its file system was writable before this program
    /// came.
    fn write(&self, volumes: &[Volume], text: &[u8]) -> Result<(), String> {
        let volume = volumes.get(self.volume);
        match volume.filter(|volume| volume.is_mounted_elsewhere()) {
            Some(volume) => volume
                .root
                .overwrite(&self.path, text)
                .map_err(|error| format!("it cannot be taken back: {error}")),
            None => Err("it cannot be taken back: nobody has mounted the file system".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::boot::entry::Kind;

    fn file(volume: usize, boot: &'static str, path: &str, value: &str) -> GrubFile {
        let text = std::format!("# GRUB Environment Block\nkernelopts={value}\n");
        GrubFile {
            volume,
            boot,
            path: path.into(),
            variables: Grubenv::parse(text.as_bytes()).unwrap(),
            text: text.into(),
        }
    }

    fn value(all: &GrubFiles, volume: usize, boot: &str) -> Option<String> {
        let found = all.of(volume, boot)?.variables.get(b"kernelopts")?;
        Some(String::from_utf8(found.to_vec()).unwrap())
    }

    /// The other system's root file system would be mounted.
    #[test]
    fn variables_of_another_system_do_not_count() {
        let own = |name: &str| Some(name.to_owned());
        let disks = |names: &[&str]| -> Vec<Vec<String>> {
            let disks = |names: &&str| names.split_whitespace().map(str::to_owned).collect();
            names.iter().map(disks).collect()
        };
        // Two disks, each with an ESP and a /boot; a third without, and a RAID.
        let (redhat, centos) = ("EFI/redhat/grubenv", "EFI/centos/grubenv");
        let mut all = GrubFiles {
            files: vec![file(0, "", redhat, "rhel"), file(2, "", centos, "cent")],
            disks: disks(&["sda", "sda", "sdb", "sdb", "sdc", "sda sdb"]),
            ..GrubFiles::default()
        };
        for (volume, wanted) in [
            (0, own("rhel")),
            (1, own("rhel")),
            (3, own("cent")),
            (4, None),
            (5, None),
        ] {
            assert_eq!(value(&all, volume, ""), wanted, "{volume}");
        }
        all.files.pop();
        assert_eq!(value(&all, 5, ""), own("rhel"));
        assert_eq!(value(&all, 3, ""), None);
        // The block of a /boot is about the entries there.
        all.files[0] = file(1, "", "grub2/grubenv", "rhel");
        assert_eq!(
            [0, 1, 5].map(|at| value(&all, at, "")),
            [None, own("rhel"), None]
        );
        all.files[0] = file(0, "", redhat, "rhel");
        // Mirrored ESPs say the same.
        all.files.push(file(2, "", redhat, "rhel"));
        assert_eq!(value(&all, 5, ""), own("rhel"));

        // One disk with two vendors: only a link says which one is meant.
        let mut all = GrubFiles {
            files: vec![file(0, "", centos, "cent"), file(0, "", redhat, "rhel")],
            disks: disks(&["sda", "sda", "sda"]),
            ..GrubFiles::default()
        };
        assert_eq!(value(&all, 1, ""), None);
        let link = |path: &str| Link {
            volume: 1,
            boot: "",
            path: path.into(),
        };
        all.links.push(link("EFI/RedHat/grubenv"));
        assert_eq!(value(&all, 1, ""), own("rhel"));
        assert_eq!(value(&all, 2, ""), None);
        // On another disk, only if the firmware started from it.
        all.disks[1] = vec!["nvme0n1".into()];
        assert_eq!(value(&all, 1, ""), None);
        all.is_known = true;
        assert_eq!(value(&all, 1, ""), own("rhel"));
        all.files
            .push(file(2, "@/boot/", "@/boot/grub2/grubenv", "own"));
        assert_eq!(value(&all, 2, "@/boot/"), own("own"));
        assert_eq!(value(&all, 2, ""), None);
    }

    /// A block decides about the entries that grub shows with it.
    #[test]
    fn choices_are_about_the_entries_beside_them() {
        let entry = |volume: usize| Entry::of_file(Kind::Type1, volume, b"a.conf").unwrap();
        let entries = [entry(0), entry(1), entry(2)];
        let disks = |names: [&str; 3]| names.map(|name| vec![name.to_owned()]).to_vec();
        let places = |all: &GrubFiles| {
            let found = all.of_entries(&entries).into_iter();
            found.map(|(_, (volume, _))| volume).collect::<Vec<_>>()
        };
        let boot = || file(1, "", "grub2/grubenv", "a");
        let vendor = || file(0, "", "EFI/redhat/grubenv", "b");
        for (files, names, wanted) in [
            (vec![boot()], ["sda", "sda", "sdb"], &[1][..]),
            (vec![vendor()], ["sda", "sda", "sdb"], &[1, 0]),
            (vec![vendor(), boot()], ["sda", "sda", "sdb"], &[1, 0]),
            // On another disk than the first entry.
            (vec![boot()], ["sda", "sdb", "sdb"], &[]),
        ] {
            let all = GrubFiles {
                files,
                disks: disks(names),
                ..GrubFiles::default()
            };
            assert_eq!(places(&all), wanted);
        }
    }
}
