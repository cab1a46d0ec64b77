// SPDX-License-Identifier: GPL-2.0-or-later
//! Roots of unpacked Debian packages in which an initramfs is built, with a kernel's
//! modules and with the program installed.
//!
//! Programs run there by chroot, in their own mount namespace. Root may do that
//! everywhere, other users where user namespaces are allowed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::install;
use crate::kernel::Kernel;
use crate::packages;
use crate::{host_program, module};

pub struct Root {
    path: PathBuf,
    kernel: Kernel,
    boot_is_overlay: bool,
}

impl Root {
    /// Makes a root in `directory` from a set of packages, and installs with this PREFIX.
    pub fn new(directory: &Path, set: &str, kernel: Kernel, prefix: &str) -> Self {
        let path = directory.join("root");
        // The files are hard links, so a changed file must be written anew.
        copy(&packages::file(set, "."), &path);
        let modules = format!("usr/lib/modules/{}", kernel.release());
        fs::create_dir_all(path.join("usr/lib/modules")).expect("make the modules' directory");
        let from = packages::file(&kernel.set(), "lib/modules").join(kernel.release());
        copy(&from, &path.join(modules));
        install(&path, prefix);
        let root = Self {
            path,
            kernel,
            boot_is_overlay: false,
        };
        // The packages' own scripts would have run this; the generators find the
        // directories of libraries by its cache.
        root.run(&["ldconfig"]);
        root
    }

    /// Mounts an overlay on /boot: a file system whose driver is a module, and which no
    /// device is required for.
    pub fn overlay_on_boot(mut self) -> Self {
        self.boot_is_overlay = true;
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Puts the kernel module where DKMS would.
    pub fn module(self) -> Self {
        let directory = format!("usr/lib/modules/{}/updates", self.kernel.release());
        let module = fs::read(module::module_for(self.kernel)).expect("read the kernel module");
        self.file(&format!("{directory}/kexec_bpf.ko"), 0o644, &module)
    }

    pub fn file(self, path: &str, mode: u32, data: &[u8]) -> Self {
        let path = self.path.join(path);
        let directory = path.parent().expect("a file has a directory");
        fs::create_dir_all(directory).expect("make a directory");
        // A hard link to the packages' own file must not be written to.
        let _ = fs::remove_file(&path);
        fs::write(&path, data).expect("write a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set its mode");
        self
    }

    pub fn remove(self) {
        fs::remove_dir_all(&self.path).expect("remove the root");
    }

    /// Runs a program in the root and returns its output.
    pub fn run(&self, words: &[&str]) -> String {
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
            .arg(&self.path)
            .arg(self.boot_is_overlay.to_string())
            .args(words)
            .output()
            .expect("start unshare");
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let path = self.path.display();
        assert!(output.status.success(), "{path}: {words:?}:\n{text}");
        text
    }
}

/// Makes a tree of hard links, because copies take time and space.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-al"]).arg(from).arg(to).status();
    assert!(status.expect("start cp").success(), "cannot link {from:?}");
}
