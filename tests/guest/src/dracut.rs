// SPDX-License-Identifier: GPL-2.0-or-later
//! Initramfses built by Debian's own dracut, with the dracut module under test.
//!
//! dracut runs by chroot in a root of unpacked packages, in its own mount
//! namespace. Root may do that everywhere, other users where user namespaces
//! are allowed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::install;
use crate::kernel::Kernel;
use crate::packages;
use crate::{host_program, module};

/// The Debian release that dracut is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// dracut 059.
    Bookworm,
    /// dracut 106.
    Trixie,
}

/// The init of an initramfs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// dracut's own scripts.
    Scripts,
    Systemd,
}

/// A machine on which dracut is run.
pub struct Dracut {
    suite: Suite,
    root: PathBuf,
    kernel: Kernel,
    init: Init,
    boot_is_overlay: bool,
}

impl Dracut {
    /// Makes a machine in `directory`, with the program and the dracut module installed.
    pub fn new(directory: &Path, suite: Suite, init: Init) -> Self {
        let set = match suite {
            Suite::Bookworm => "dracut-bookworm",
            Suite::Trixie => "dracut-trixie",
        };
        let kernel = Kernel::V6_12;
        let root = directory.join("root");
        // The files are hard links, so a changed file must be written anew.
        copy(&packages::file(set, "."), &root);
        let modules = format!("usr/lib/modules/{}", kernel.release());
        fs::create_dir_all(root.join("usr/lib/modules")).expect("make the modules' directory");
        let from = packages::file(&kernel.set(), "lib/modules").join(kernel.release());
        copy(&from, &root.join(modules));
        // The program may be in either of two places.
        let prefix = match suite {
            Suite::Bookworm => "/usr/local",
            Suite::Trixie => "/usr",
        };
        install(&root, prefix);
        Self {
            suite,
            root,
            kernel,
            init,
            boot_is_overlay: false,
        }
    }

    /// Mounts an overlay on /boot: a file system whose driver is a module, and which no
    /// device is required for.
    pub fn overlay_on_boot(mut self) -> Self {
        self.boot_is_overlay = true;
        self
    }

    /// Puts the kernel module where DKMS would.
    pub fn module(self) -> Self {
        let directory = format!("usr/lib/modules/{}/updates", self.kernel.release());
        let module = fs::read(module::module_for(self.kernel)).expect("read the kernel module");
        self.file(&format!("{directory}/kexec_bpf.ko"), 0o644, &module)
    }

    pub fn file(self, path: &str, mode: u32, data: &[u8]) -> Self {
        let path = self.root.join(path);
        let directory = path.parent().expect("a file has a directory");
        fs::create_dir_all(directory).expect("make a directory");
        fs::write(&path, data).expect("write a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set its mode");
        self
    }

    /// Builds the initramfs, and removes the root that it was built in.
    pub fn build(self, options: &[&str]) -> Vec<u8> {
        let release = self.kernel.release();
        // The packages' own scripts would have run these; dracut finds the
        // directories of libraries by ldconfig's cache.
        self.run(&["ldconfig"]);
        self.run(&["depmod", &release]);
        // cryptsetup is not installed.
        let omitted = match self.init {
            Init::Systemd => "crypt",
            Init::Scripts => "crypt systemd systemd-initrd dracut-systemd",
        };
        let mut command = vec!["dracut", "--force", "--no-compress", "--no-hostonly"];
        command.extend(["--kver", &release, "--omit", omitted]);
        if self.init == Init::Systemd {
            command.extend(["--add", "dracut-systemd"]);
        }
        command.extend(options);
        command.push("/initrd.img");
        let log = self.run(&command);
        let image = fs::read(self.root.join("initrd.img")).expect("read the initramfs");
        let file = self.root.with_file_name("dracut.log");
        fs::write(file, &log).expect("keep dracut's log");
        let told = |line: &&str| line.contains("kexec") && !line.contains("Executing:");
        for line in log.lines().filter(told) {
            // dracut itself treats neither a missing file nor a missing kernel
            // module as an error.
            assert!(line.ends_with("Including module: kexec-bpf ***"), "{line}");
        }
        assert!(log.contains("Including module: kexec-bpf"), "{log}");
        fs::remove_dir_all(&self.root).expect("remove dracut's root");
        image
    }

    /// Runs a program in the root and returns its output.
    fn run(&self, words: &[&str]) -> String {
        const SCRIPT: &str = "root=$1 overlay=$2; shift 2
for directory in dev proc; do mount --rbind /$directory \"$root/$directory\"; done
for directory in tmp var/tmp; do mount -t tmpfs tmp \"$root/$directory\"; done
[ \"$overlay\" = false ] || mount -t overlay -o \"lowerdir=$root/tmp:$root/var/tmp\" boot \"$root/boot\"
exec chroot \"$root\" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \"$@\"";
        let mut command = host_program("unshare");
        command.arg("--mount");
        let own = fs::metadata("/proc/self").expect("stat /proc/self");
        if own.uid() != 0 {
            command.arg("--map-root-user");
        }
        let output = command
            .args(["sh", "-ec", SCRIPT, "sh"])
            .arg(&self.root)
            .arg(self.boot_is_overlay.to_string())
            .args(words)
            .output()
            .expect("start unshare");
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let suite = self.suite;
        assert!(output.status.success(), "{suite:?}: {words:?}:\n{text}");
        text
    }
}

/// Makes a tree of hard links, because copies take time and space.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-al"]).arg(from).arg(to).status();
    assert!(status.expect("start cp").success(), "cannot link {from:?}");
}
