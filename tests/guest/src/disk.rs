// SPDX-License-Identifier: GPL-2.0-or-later
//! Disks for guests: a GPT with an ESP, an XBOOTLDR and a root partition.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::esp::{Esp, mtools};
use crate::run;

const MIB: u64 = 1 << 20;

/// A partition, by its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// FAT, labelled `ESP`.
    Esp,
    /// ext4, or FAT.
    Xbootldr,
    /// ext4, labelled `root`.
    Root,
}

impl Partition {
    const ALL: [Self; 3] = [Self::Esp, Self::Xbootldr, Self::Root];

    fn name(self) -> &'static str {
        match self {
            Self::Esp => "esp",
            Self::Xbootldr => "xbootldr",
            Self::Root => "root",
        }
    }

    /// Returns sgdisk's short name for the partition type.
    fn type_code(self) -> &'static str {
        match self {
            Self::Esp => "ef00",
            Self::Xbootldr => "ea00",
            Self::Root => "8304",
        }
    }
}

/// A disk that is being made; it has the partitions that have a file.
pub struct Disk {
    directory: PathBuf,
    /// The partitions with a FAT file system.
    fat: Vec<Partition>,
    /// The root partition's file system, if it was made elsewhere.
    root: Option<PathBuf>,
}

impl Disk {
    /// Begins a disk in `directory`.
    pub fn new(directory: &Path) -> Self {
        let directory = directory.join("disk");
        fs::create_dir_all(&directory).expect("make the disk's directory");
        Self {
            directory,
            fat: vec![Partition::Esp],
            root: None,
        }
    }

    /// Takes the root partition's file system from a file.
    pub fn root_from(mut self, image: &Path) -> Self {
        self.root = Some(image.to_owned());
        self
    }

    /// Gives the XBOOTLDR partition a file system that firmware reads, too.
    pub fn fat_xbootldr(mut self) -> Self {
        self.fat.push(Partition::Xbootldr);
        self
    }

    pub fn file(self, partition: Partition, path: &str, data: &[u8]) -> Self {
        fs::write(self.place(partition, path), data).expect("write a file of the disk");
        self
    }

    /// Adds a copy of a file on this machine.
    pub fn file_from(self, partition: Partition, path: &str, source: &Path) -> Self {
        let to = self.place(partition, path);
        fs::copy(source, to).expect("copy a file of the disk");
        self
    }

    pub fn esp(self, path: &str, data: &[u8]) -> Self {
        self.file(Partition::Esp, path, data)
    }

    pub fn xbootldr(self, path: &str, data: &[u8]) -> Self {
        self.file(Partition::Xbootldr, path, data)
    }

    /// Adds an executable file.
    pub fn program(self, partition: Partition, path: &str, data: &[u8]) -> Self {
        let to = self.place(partition, path);
        let disk = self.file(partition, path, data);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(to, mode).expect("make a file executable");
        disk
    }

    /// Adds an empty directory.
    pub fn directory(self, partition: Partition, path: &str) -> Self {
        fs::create_dir_all(self.tree(partition).join(path)).expect("make a directory");
        self
    }

    fn tree(&self, partition: Partition) -> PathBuf {
        self.directory.join(partition.name())
    }

    fn place(&self, partition: Partition, path: &str) -> PathBuf {
        let path = self.tree(partition).join(path);
        fs::create_dir_all(path.parent().expect("a file has a directory"))
            .expect("make a directory");
        path
    }

    pub fn build(self) -> BuiltDisk {
        let path = self.directory.with_file_name("disk.img");
        let present = Partition::ALL
            .into_iter()
            .filter(|partition| self.ready(*partition).is_some() || self.tree(*partition).exists());
        let images: Vec<_> = present
            .map(|partition| (partition, self.file_system(partition)))
            .collect();
        let parts: Vec<Part<'_>> = images
            .iter()
            .map(|(partition, image)| (partition.type_code(), partition.name(), image.as_path()))
            .collect();
        let offsets = assemble(&path, &parts);
        let partitions = images.iter().map(|(partition, _)| *partition);
        BuiltDisk {
            offsets: partitions.zip(offsets).collect(),
            path,
            fat: self.fat,
        }
    }

    /// Returns the partition's file system if it was made elsewhere.
    fn ready(&self, partition: Partition) -> Option<&PathBuf> {
        self.root.as_ref().filter(|_| partition == Partition::Root)
    }

    /// Makes the partition's file system, as a file of its own.
    fn file_system(&self, partition: Partition) -> PathBuf {
        if let Some(image) = self.ready(partition) {
            return image.clone();
        }
        let tree = self.tree(partition);
        let image = self.directory.join(format!("{}.img", partition.name()));
        if self.fat.contains(&partition) {
            Esp::new(&image, size_of(&tree)).copy_all(&tree);
        } else {
            let size_bytes = (size_of(&tree) + 16 * MIB).next_multiple_of(MIB);
            let file = File::create(&image).expect("create a partition");
            file.set_len(size_bytes).expect("size a partition");
            let mut format = crate::host_program("/sbin/mke2fs");
            format.args(["-q", "-t", "ext4", "-L", partition.name(), "-d"]);
            run(format.arg(&tree).arg(&image));
        }
        image
    }
}

/// A partition: sgdisk's short name for its type, its label, and an image of it.
pub type Part<'image> = (&'static str, &'image str, &'image Path);

/// Makes a disk with a GPT that has these partitions, and returns their offsets.
pub fn assemble(path: &Path, parts: &[Part<'_>]) -> Vec<u64> {
    let mut table = crate::host_program("sgdisk");
    table.args(["--clear"]);
    let mut offsets = Vec::new();
    let mut offset = MIB;
    for (number, (type_code, name, image)) in (1..).zip(parts) {
        let size_bytes = image.metadata().expect("stat a partition").len();
        let (first, last) = (offset / 512, (offset + size_bytes) / 512 - 1);
        table.arg(format!("--new={number}:{first}:{last}"));
        table.arg(format!("--typecode={number}:{type_code}"));
        table.arg(format!("--change-name={number}:{name}"));
        offsets.push(offset);
        offset = (offset + size_bytes).next_multiple_of(MIB);
    }
    // Room for the backup partition table.
    let disk = File::create(path).expect("create the disk");
    disk.set_len(offset + MIB).expect("size the disk");
    run(table.arg(path));
    for ((_, _, image), offset) in parts.iter().zip(&offsets) {
        copy_into(path, *offset, image);
    }
    offsets
}

/// Copies an image to its place on a disk. Zeros are left out, so that the disk's file
/// stays small.
pub fn copy_into(disk: &Path, offset: u64, image: &Path) {
    let seek = format!("seek={offset}");
    let mut copy = crate::host_program("dd");
    copy.args([
        "bs=1M",
        "conv=sparse,notrunc",
        "oflag=seek_bytes",
        "status=none",
    ]);
    let (from, to) = (image.display(), disk.display());
    run(copy
        .arg(seek)
        .args([format!("if={from}"), format!("of={to}")]));
}

/// A finished disk, for a guest.
pub struct BuiltDisk {
    path: PathBuf,
    offsets: Vec<(Partition, u64)>,
    fat: Vec<Partition>,
}

impl BuiltDisk {
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn offset(&self, partition: Partition) -> u64 {
        let mut offsets = self.offsets.iter();
        let found = offsets.find(|(other, _)| *other == partition);
        found.expect("the disk has this partition").1
    }

    /// Returns the file system's UUID, as util-linux reads it.
    pub fn uuid(&self, partition: Partition) -> String {
        let mut probe = crate::host_program("/sbin/blkid");
        let offset = format!("--offset={}", self.offset(partition));
        probe.args(["--probe", &offset, "--match-tag=UUID", "--output=value"]);
        let output = run(probe.arg(&self.path));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Returns the PARTUUID in upper case.
    pub fn part_uuid(&self, partition: Partition) -> String {
        let index = self
            .offsets
            .iter()
            .position(|(other, _)| *other == partition);
        let number = index.expect("the disk has this partition") + 1;
        let mut show = crate::host_program("sgdisk");
        let output = run(show.arg(format!("--info={number}")).arg(&self.path));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Partition unique GUID: "));
        line.expect("sgdisk shows the GUID").to_uppercase()
    }

    /// Returns the contents of a file on an ext4 partition, as the guest has left it.
    pub fn contents(&self, partition: Partition, path: &str) -> Vec<u8> {
        self.debugfs(partition, &format!("cat /{path}"))
    }

    fn debugfs(&self, partition: Partition, request: &str) -> Vec<u8> {
        let image = format!("{}?offset={}", self.path.display(), self.offset(partition));
        let mut command = crate::host_program("/sbin/debugfs");
        run(command.args(["-R", request, &image])).stdout
    }

    /// Returns the names in a directory, sorted; after a run, as the guest has left them.
    pub fn names(&self, partition: Partition, directory: &str) -> Vec<String> {
        let is_fat = self.fat.contains(&partition);
        let text = if is_fat {
            let image = format!("{}@@{}", self.path.display(), self.offset(partition));
            let mut list = mtools("mdir", Path::new(&image));
            run(list.arg("-b").arg(format!("::/{directory}"))).stdout
        } else {
            self.debugfs(partition, &format!("ls -p /{directory}"))
        };
        let text = String::from_utf8_lossy(&text);
        // mdir: ::/DIRECTORY/NAME; debugfs: /INODE/MODE/UID/GID/NAME/SIZE/.
        let field = if is_fat { 0 } else { 2 };
        let mut names: Vec<String> = text
            .lines()
            .filter_map(|line| line.rsplit('/').nth(field))
            .filter(|name| !["", ".", ".."].contains(name))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }
}

fn size_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).expect("read a directory");
    let sizes = entries.map(|entry| {
        let entry = entry.expect("read a directory");
        let data = entry.metadata().expect("stat a file");
        if data.is_dir() {
            size_of(&entry.path())
        } else {
            data.len().next_multiple_of(4096)
        }
    });
    sizes.sum()
}
