// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernels that guests boot.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::drivers::find;
use crate::host_program;
use crate::packages::file;

/// A kernel of Debian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// From bookworm-backports, built by gcc-12.
    V6_12,
    /// From bookworm.
    V6_1,
    /// From trixie, built by gcc-14.
    Trixie,
    /// The newest in trixie-backports.
    V7,
    /// From trixie, with PREEMPT_RT.
    Rt,
    /// A kernel that checks itself, built from Debian's source by tests/debug-kernel.sh.
    Debug,
    /// The one that `KEXEC_BPF_TEST_KERNEL` names in the environment, else [`Kernel::V6_12`].
    Chosen,
}

/// Variable with the [`Kernel::name`] of the kernel for the module's tests.
const VARIABLE: &str = "KEXEC_BPF_TEST_KERNEL";

/// Kernels that [`VARIABLE`] can choose: all that the module runs on.
const CHOICES: [Kernel; 5] = [
    Kernel::V6_12,
    Kernel::Trixie,
    Kernel::V7,
    Kernel::Rt,
    Kernel::Debug,
];

impl Kernel {
    /// Returns the kernel itself, never [`Kernel::Chosen`].
    fn resolve(self) -> Self {
        static CHOSEN: OnceLock<Kernel> = OnceLock::new();
        match self {
            Self::Chosen => *CHOSEN.get_or_init(chosen),
            other => other,
        }
    }

    /// Returns whether the chosen kernel checks itself: slow, large, talkative.
    pub fn checks_itself() -> bool {
        Self::Chosen.resolve() == Self::Debug
    }

    pub(crate) fn set(self) -> String {
        format!("linux-{}", self.name())
    }

    /// Returns a short name for test directories and tables: the part of the set's name after
    /// `linux-`.
    pub fn name(self) -> &'static str {
        match self.resolve() {
            Self::V6_12 => "6.12",
            Self::V6_1 => "6.1",
            Self::Trixie => "6.12-trixie",
            Self::V7 => "7",
            Self::Rt => "rt",
            Self::Debug => "debug",
            Self::Chosen => unreachable!("resolve() names another"),
        }
    }

    /// Returns the path of the bzImage, signed as Debian signs it.
    pub fn image(self) -> PathBuf {
        let release = self.release();
        // Since 7.0 the packages leave /boot to installkernel.
        let place = match self.resolve() {
            Self::V7 => format!("usr/lib/modules/{release}/vmlinuz"),
            _ => format!("boot/vmlinuz-{release}"),
        };
        file(&self.set(), &place)
    }

    /// Returns the release that `uname -r` prints.
    pub fn release(self) -> String {
        let (directory, prefix) = match self.resolve() {
            Self::V7 => ("usr/lib/modules", ""),
            _ => ("boot", "vmlinuz-"),
        };
        let directory = file(&self.set(), directory);
        std::fs::read_dir(&directory)
            .expect("read the kernel's directory")
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().into_string().ok())
            .find_map(|name| name.strip_prefix(prefix).map(str::to_owned))
            .unwrap_or_else(|| panic!("no {prefix}* in {}", directory.display()))
    }

    /// Returns the paths, for [`Kernel::driver`], of all modules below this one, in order.
    pub fn drivers(self, below: &str) -> Vec<String> {
        let modules = format!("lib/modules/{}/kernel", self.release());
        let root = file(&self.set(), &modules);
        let mut found = Vec::new();
        find(&root.join(below), &mut found);
        let paths = found.iter().filter_map(|path| {
            let path = path.strip_prefix(&root).ok()?.to_str()?;
            Some(path.strip_suffix(".ko.xz")?.to_owned())
        });
        let mut paths: Vec<String> = paths.collect();
        paths.sort_unstable();
        paths
    }

    /// Returns a module of the kernel's package, decompressed. `path` is below
    /// kernel/, without its suffix.
    pub fn driver(self, path: &str) -> Vec<u8> {
        let modules = format!("lib/modules/{}/kernel", self.release());
        let packed = file(&self.set(), &format!("{modules}/{path}.ko.xz"));
        let output = host_program("xz").arg("-dc").arg(&packed).output();
        let output = output.expect("start xz");
        assert!(
            output.status.success(),
            "xz cannot unpack {}",
            packed.display()
        );
        output.stdout
    }
}

fn chosen() -> Kernel {
    let Ok(name) = std::env::var(VARIABLE) else {
        return Kernel::V6_12;
    };
    let named = CHOICES.into_iter().find(|kernel| kernel.name() == name);
    named.unwrap_or_else(|| panic!("{VARIABLE}={name}: no such kernel in {CHOICES:?}"))
}
