// SPDX-License-Identifier: GPL-2.0-or-later
//! The guest that goes through the settings: systemd-boot starts a kernel, which reports
//! what it finds, prepares the next setting, asks kexec-bpf and reboots.

use super::KERNEL;
use super::settings::{Setting, VARIABLES};
use guest::{Disk, Initramfs, Partition, Transcript, drivers, firmware, packages};

/// Directory of the settings on the ESP: a file `step`, and a directory for each.
const PLACE: &str = "steps";

/// Drivers that each kernel needs.
const DRIVERS: &[&str] = &["virtio_blk", "vfat", "nls_cp437", "nls_ascii", "efivarfs"];

const SCRIPT: &str = r#"
vendor=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
variables=/sys/firmware/efi/efivars
mount -t efivarfs efivarfs $variables
bytes() { tail -c +5 "$variables/$1-$vendor" | xxd -p | tr -d '\n'; }
say boot "$(cat /proc/cmdline)"
say selected "$(bytes LoaderEntrySelected)"
say entries "$(bytes LoaderEntries)"
mkdir -p /esp /xbootldr
mount -t vfat /dev/vda1 /esp
mount -t vfat -o ro /dev/vda2 /xbootldr
bootctl() {
    SYSTEMD_RELAX_ESP_CHECKS=1 SYSTEMD_RELAX_XBOOTLDR_CHECKS=1 \
        /esp/tools/ld-linux-x86-64.so.2 --library-path /esp/tools /esp/tools/bootctl \
        --esp-path=/esp --boot-path=/xbootldr "$@"
}
read -r step </esp/steps/step
setting=/esp/steps/$step
if [ "$step" = 1 ]; then
    attempt bootctl-version bootctl --version
    # Its hundreds of warnings are left out.
    bootctl list --json=short >/json 2>/dev/null
    say bootctl-code $?
    sed 's/},{/\n/g' /json | while IFS= read -r line; do say json "$line"; done
fi
if [ -d $setting ]; then
    for name in VARIABLES; do
        file=$variables/$name-$vendor
        [ ! -e $file ] || { mutable $file && rm $file; }
        [ ! -e $setting/$name ] || cat $setting/$name >$file
    done
    rm -f /esp/loader/loader.conf
    [ ! -e $setting/loader.conf ] || cp $setting/loader.conf /esp/loader/loader.conf
    echo $((step + 1)) >/esp/steps/step
    umount /esp /xbootldr
    say setting "$step"
    attempt list kexec-bpf list
    attempt plan kexec-bpf boot -n
    reboot -f
fi
"#;

/// Returns the initramfs of every entry.
pub fn initramfs() -> Vec<u8> {
    let script = format!("{}{SCRIPT}", drivers::LOAD).replace("VARIABLES", &VARIABLES.join(" "));
    drivers::add(Initramfs::new(&script), KERNEL, DRIVERS)
        .program("bin/mutable", &packages::floor("mutable"))
        .finish()
}

/// Puts the settings on the ESP.
pub fn with_settings(mut disk: Disk, settings: &[&Setting]) -> Disk {
    disk = disk.esp(&format!("{PLACE}/step"), b"0\n");
    for (number, setting) in settings.iter().enumerate() {
        let place = format!("{PLACE}/{number}");
        disk = disk.directory(Partition::Esp, &place);
        if !setting.conf.is_empty() {
            disk = disk.esp(&format!("{place}/loader.conf"), setting.conf.as_bytes());
        }
        for (variable, text) in setting.variables {
            disk = disk.esp(&format!("{place}/{variable}"), &firmware::variable(text));
        }
    }
    disk
}

/// The outcome of one setting.
#[derive(Debug, Default)]
pub struct Boot {
    /// The answers of kexec-bpf before that.
    pub list: Vec<String>,
    pub plan: Vec<String>,
    /// What systemd-boot exported, and the command line that it passed.
    pub entries: Vec<String>,
    pub selected: String,
    pub cmdline: String,
}

/// Returns the boots by settings, in order.
pub fn boots(said: &Transcript) -> Vec<Boot> {
    let mut boots: Vec<Boot> = Vec::new();
    let lines = said.said.iter();
    let lines = lines.filter_map(|line| line.text.split_once("@@ "));
    for (_, line) in lines {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        if key == "setting" {
            boots.push(Boot::default());
        }
        let Some(boot) = boots.last_mut() else {
            continue;
        };
        match key {
            "list" => boot.list.push(value.to_owned()),
            "plan" => boot.plan.push(value.to_owned()),
            "boot" => boot.cmdline = value.to_owned(),
            "selected" => boot.selected = texts(value).concat(),
            "entries" => boot.entries = texts(value),
            _ => {}
        }
    }
    boots
}

/// Returns the texts, each with a NUL at its end, in the hex digits of an EFI variable.
fn texts(hex: &str) -> Vec<String> {
    let units: Vec<u16> = guest::payload::from_hex(hex)
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let texts = units.split(|unit| *unit == 0);
    texts
        .map(String::from_utf16_lossy)
        .filter(|text| !text.is_empty())
        .collect()
}
