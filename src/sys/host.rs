// SPDX-License-Identifier: GPL-2.0-or-later
//! Reads [`Host`] from /proc, /sys and with a few harmless system calls. Layer: effects.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::directory::{Directory, read_link};
use super::file::{
    exists, exists_anywhere, link_anywhere, read_anywhere, read_kernel_file, read_unmounted,
};
use super::{capability, crash_record, crypt_keys, enforce, event, image_record, kexec};
use crate::abi;
use crate::formats::image::devicetree::Device;
use crate::formats::image::hwids::Smbios;
use crate::host::init::Init;
use crate::host::{self, CrashSettings, DigestMode, Host, Lockdown, Module};

/// Limit on the size of a kernel file with one value, in bytes.
const VALUE_MAX_BYTES: usize = 128;
/// Limit on the size of a command line: longer than the longest of any architecture.
const CMDLINE_MAX_BYTES: usize = 16 << 10;
/// Limit on the description of a processor in /proc/cpuinfo as far as its APIC ID, in bytes.
const PROCESSOR_MAX_BYTES: usize = 2048;
/// Limit on the number of watchdogs.
const WATCHDOGS_MAX: usize = 16;
/// The file has the variable's attributes (u32), then one byte of value.
const SECURE_BOOT: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Reads the state of the running kernel. Never fails: `None` stands for anything that
/// the kernel does not say.
#[must_use]
pub fn read() -> Host {
    let uname = rustix::system::uname();
    let calls = kexec::probe_calls();
    let counted = image_record::calls();
    Host {
        kernel_release: uname.release().to_string_lossy().into_owned(),
        machine: uname.machine().to_string_lossy().into_owned(),
        cap_sys_boot: capability::has_sys_boot(),
        lockdown: lockdown(),
        secure_boot: read_kernel_file(SECURE_BOOT, 5).and_then(|value| Some(*value.get(4)? == 1)),
        load_disabled: number("/proc/sys/kernel/kexec_load_disabled").map(|value| value != 0),
        load_limit_reboot: number("/proc/sys/kernel/kexec_load_limit_reboot"),
        load_limit_panic: number("/proc/sys/kernel/kexec_load_limit_panic"),
        file_load: calls.map(|(file_load, _)| file_load),
        classic_load: calls.map(|(_, classic_load)| classic_load),
        module: module(),
        enforce: enforce::state(),
        module_loaded: exists_anywhere("/sys/module/kexec_bpf", false),
        modules_disabled: number("/proc/sys/kernel/modules_disabled").map(|value| value != 0),
        // Most kernels have it, so that its absence is a cause only where it is known.
        has_btf: exists_anywhere("/sys/kernel/btf/vmlinux", true),
        loaded: either("loaded").map(|value| value != 0),
        record: image_record::read().filter(|record| record.is_of_boot(&counted)),
        calls: counted,
        crash_loaded: either("crash_loaded").map(|value| value != 0),
        crash_size_bytes: either("crash_size").and_then(|value| u64::try_from(value).ok()),
        crash: crash(),
        framebuffer: framebuffer(),
        running_cmdline: running_cmdline(),
        in_initramfs: exists("/etc/initrd-release"),
        reboot_is_kexec: reboot_is_kexec(),
        init: init(),
    }
}

/// Returns whether logind runs, seen as systemctl sees it, and systemctl asks it for a kexec
/// where an image is loaded: systemd 252 of Debian 12 does not, 257 of Debian 13 does. What
/// can be seen of the version is the soft reboot, which came with 254.
fn reboot_is_kexec() -> bool {
    let mut units = ["/usr/lib", "/etc"].into_iter();
    exists("/run/systemd/seats")
        && units.any(|at| exists(&[at, "/systemd/system/soft-reboot.target"].concat()))
}

/// Recognises process 1. Only root may read the link.
fn init() -> Option<Init> {
    let exe = link_anywhere("/proc/1/exe")?;
    let arguments = read_anywhere("/proc/1/cmdline", VALUE_MAX_BYTES);
    Some(Init::of(&exe, &arguments.unwrap_or_default()))
}

/// Returns the running kernel's command line, even if /proc is not mounted.
#[must_use]
pub fn running_cmdline() -> Option<Vec<u8>> {
    read_anywhere("/proc/cmdline", CMDLINE_MAX_BYTES).map(without_newline)
}

/// Reads the machine's identity, for device trees.
#[must_use]
pub fn device() -> Device {
    let compatible = read_kernel_file("/proc/device-tree/compatible", VALUE_MAX_BYTES);
    let first = |text: Vec<u8>| text.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
    let field = |name: &str| {
        let value = read_kernel_file(&["/sys/class/dmi/id/", name].concat(), VALUE_MAX_BYTES);
        value.map(without_newline).unwrap_or_default()
    };
    Device {
        compatible: compatible.and_then(first),
        smbios: Smbios {
            fields: [
                "sys_vendor",
                "product_family",
                "product_name",
                "product_sku",
                "board_vendor",
                "board_name",
            ]
            .map(field),
        },
    }
}

fn crash() -> CrashSettings {
    let yes = |path| number(path).map(|value| value != 0);
    let now_s = event::boot_time_s();
    CrashSettings {
        elfcorehdr_bytes: number("/sys/kernel/kexec/crash_elfcorehdr_size")
            .or_else(|| number("/sys/kernel/crash_elfcorehdr_size"))
            .and_then(|value| u64::try_from(value).ok()),
        cpu_hotplug: yes("/sys/devices/system/cpu/crash_hotplug"),
        memory_hotplug: yes("/sys/devices/system/memory/crash_hotplug"),
        panic_s: number("/proc/sys/kernel/panic"),
        panic_on_oops: number("/proc/sys/kernel/panic_on_oops"),
        panic_on_warn: number("/proc/sys/kernel/panic_on_warn"),
        sysrq: number("/proc/sys/kernel/sysrq"),
        takes_crypt_keys: exists(crypt_keys::DIRECTORY),
        boot_apic_id: boot_apic_id(),
        watchdogs: watchdogs(),
        now_s,
        // One that is yet to be written is of another boot.
        record: crash_record::read().filter(|record| record.loaded_at_s <= now_s),
    }
}

fn text(path: &str) -> Option<String> {
    let value = read_kernel_file(path, VALUE_MAX_BYTES)?;
    Some(String::from_utf8_lossy(&value).trim_ascii().to_string())
}

/// Reads the lockdown level, even if securityfs is not mounted, as in most initramfses:
/// what lockdown refuses must not depend on a mount.
fn lockdown() -> Option<Lockdown> {
    let value = read_kernel_file("/sys/kernel/security/lockdown", VALUE_MAX_BYTES)
        .or_else(|| read_unmounted(c"securityfs", "lockdown", VALUE_MAX_BYTES))?;
    Lockdown::parse(core::str::from_utf8(&value).ok()?)
}

#[inline(never)]
fn number(path: &str) -> Option<i64> {
    text(path)?.parse().ok()
}

fn module() -> Option<Module> {
    rustix::fs::stat(abi::PROC_PATH).ok()?;
    let fact = |name: &str| text(&[abi::PARAMETERS_DIR, "/", name].concat());
    let flags = fact("register_flags").unwrap_or_default();
    let knows = |wanted: &str| flags.split(' ').any(|flag| flag == wanted);
    Some(Module {
        version: text("/sys/module/kexec_bpf/version").unwrap_or_default(),
        abi_version: fact("abi_version")
            .and_then(|value| value.parse().ok())
            .map(|oldest| abi::common_version(fact("abi_versions").as_deref(), oldest)),
        has_btf: exists("/sys/kernel/btf/kexec_bpf"),
        decompressors: fact("decompressors").unwrap_or_default(),
        default_parsers: fact("default_parsers").unwrap_or_default(),
        digest: fact("digest").and_then(|value| DigestMode::parse(&value)),
        unpacks_initrds: knows(abi::UNPACK_INITRD),
        takes_early_parsers: knows(abi::EARLY),
    })
}

/// Reads a kexec value from sysfs: /sys/kernel/kexec/NAME (newer kernels), else
/// /sys/kernel/kexec_NAME.
fn either(name: &str) -> Option<i64> {
    number(&["/sys/kernel/kexec/", name].concat())
        .or_else(|| number(&["/sys/kernel/kexec_", name].concat()))
}

fn boot_apic_id() -> Option<u32> {
    let start = read_kernel_file("/proc/cpuinfo", PROCESSOR_MAX_BYTES)?;
    host::boot_apic_id(&String::from_utf8_lossy(&start))
}

/// Lists the modules of the watchdogs' drivers, also of those that are built in.
fn watchdogs() -> Vec<String> {
    const CLASS: &str = "/sys/class/watchdog";
    let Ok(directory) = Directory::open(None, CLASS.as_bytes()) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    let names = directory.names(b".", WATCHDOGS_MAX, &|_| true);
    for name in names.unwrap_or_default() {
        let name = String::from_utf8_lossy(&name);
        let link = [CLASS, "/", &name, "/device/driver/module"].concat();
        let module = read_link(&link).and_then(|path| String::from_utf8(path).ok());
        if let Some((_, module)) = module.as_deref().and_then(|path| path.rsplit_once('/'))
            && !found.iter().any(|known| known == module)
        {
            found.push(module.into());
        }
    }
    found
}

/// Reads the driver of the first framebuffer: "0 i915drmfb" has its number and driver.
fn framebuffer() -> Option<String> {
    let list = text("/proc/fb")?;
    let (_, driver) = list.lines().next()?.split_once(' ')?;
    Some(driver.into())
}

fn without_newline(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    line
}
