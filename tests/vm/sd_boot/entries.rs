// SPDX-License-Identifier: GPL-2.0-or-later
//! Type 1 entries, as people and programs write them, and as nobody should.

use guest::Partition;
use guest::Partition::{Esp as E, Xbootldr as X};

/// Words of each entry's command line, after which its own `id=` comes.
pub const WORDS: &str = "console=ttyS0 panic=-1 no_timer_check quiet";

/// A file in /loader/entries.
pub struct Type1 {
    pub volume: Partition,
    pub name: &'static str,
    pub text: String,
}

/// Entries that boot the usual kernel: file system, name, and lines before those that name
/// the kernel.
const USUAL: &[(Partition, &str, &str)] = &[
    // Without a sort key, sorted by name.
    (E, "arch.conf", "title Arch\n"),
    (E, "arch-lts.conf", "title Arch\n"),
    (E, "arch-fallback.conf", "title Arch\n"),
    (E, "linux-6.1.conf", ""),
    (E, "linux-6.10.conf", ""),
    (E, "linux-6.2.conf", ""),
    (E, "linux-6.2~rc1.conf", ""),
    (E, "linux-6.2^git1.conf", ""),
    (E, "linux-6.2-1.conf", ""),
    (E, "linux-6.2.1.conf", ""),
    (E, "linux-6.2a.conf", ""),
    (E, "linux-6.2_1.conf", ""),
    (E, "a b.conf", "title Blanks in a name\n"),
    (E, "Upper-Case.conf", ""),
    (E, "UPPER.CONF", ""),
    (E, "gr\u{fc}n.conf", ""),
    (E, "\u{c4}rger.conf", ""),
    (E, "\u{65e5}\u{672c}.conf", "title \u{65e5}\u{672c}\n"),
    (E, "tilde~.conf", ""),
    (E, "dots..conf", ""),
    (E, "comma,x.conf", ""),
    (E, "[set].conf", ""),
    (E, "it's.conf", ""),
    (E, "percent%x.conf", ""),
    (E, "x@1.conf", ""),
    (E, "00.conf", ""),
    (E, "0.conf", ""),
    (E, "007.conf", ""),
    (X, "7.conf", ""),
    (X, "123..0.conf", ""),
    (X, "123.0.conf", ""),
    (X, "1.a.conf", ""),
    (X, "1.0.conf", ""),
    (X, "_x.conf", ""),
    (X, "-x.conf", ""),
    (X, "~x.conf", ""),
    (X, "+x.conf", ""),
    // The same name on both.
    (E, "both.conf", "title On the ESP\n"),
    (X, "both.conf", "title On XBOOTLDR\n"),
    // Counters, and what looks like them.
    (E, "left+3.conf", ""),
    (E, "tried+3-1.conf", ""),
    (E, "bad+0-3.conf", ""),
    (E, "bad2+0.conf", ""),
    (E, "wide+10-00.conf", ""),
    (E, "many+2147483648.conf", ""),
    (E, "dash+3-.conf", ""),
    (E, "word+3x.conf", ""),
    (E, "plus+1+2.conf", ""),
    (E, "+4.conf", ""),
    (E, "same+3.conf", ""),
    (X, "same+2-1.conf", ""),
    (X, "same.conf", ""),
    (X, "again+2-3.conf", ""),
    (E, "again+2-1.conf", ""),
    (E, "keyed+1.conf", "sort-key m\n"),
    (E, "keyed-bad+0-1.conf", "sort-key a\n"),
    // Sort keys.
    (E, "s1.conf", "sort-key debian\nversion 1\n"),
    (E, "s2.conf", "sort-key Debian\nversion 1\n"),
    (E, "s3.conf", "sort-key debian2\n"),
    (E, "s4.conf", "sort-key debian-x\n"),
    (E, "s5.conf", "sort-key\n"),
    (E, "s6.conf", "sort-key \"\"\n"),
    (E, "s7.conf", "sort-key ''\nversion 2\n"),
    (E, "s8.conf", "sort-key 'debian'\nversion 0\n"),
    (E, "s9.conf", "sort-key z\nsort-key b\n"),
    (E, "s10.conf", "sort-key \u{e4}\n"),
    (E, "s11.conf", "sort-key \u{1f427}\n"),
    (E, "s12.conf", "sort-key \u{ff5e}\n"),
    (E, "s13.conf", "SORT-KEY z\n"),
    (E, "s14.conf", "sort-key zz\nsort-key\n"),
    // Machines, then versions.
    (E, "m1.conf", "sort-key n\nmachine-id 2222\nversion 9\n"),
    (E, "m2.conf", "sort-key n\nmachine-id 1111\nversion 1\n"),
    (E, "m3.conf", "sort-key n\nversion 5\n"),
    (E, "m4.conf", "machine-id 1111\nsort-key n\nversion 3\n"),
    (E, "m5.conf", "sort-key n\nmachine-id \nversion 7\n"),
    (E, "m6.conf", "sort-key n\nmachine-id ''\nversion 6\n"),
    (E, "m7.conf", "sort-key n\nmachine-id A\n"),
    (X, "v1.conf", "sort-key v\nversion 6.12.9\n"),
    (X, "v2.conf", "sort-key v\nversion 6.12.10\n"),
    (X, "v3.conf", "sort-key v\nversion 6.12.10~rc1\n"),
    (X, "v4.conf", "sort-key v\nversion 6.12.10-1\n"),
    (X, "v5.conf", "sort-key v\nversion 6.12.10^1\n"),
    (X, "v6.conf", "sort-key v\nversion 6.12.10.fc40\n"),
    (X, "v7.conf", "sort-key v\nversion 6.12.10fc40\n"),
    (X, "v8.conf", "sort-key v\nversion 5.10.0-0.bpo.3\n"),
    (X, "v9.conf", "sort-key v\nversion 5.10.0-rc1\n"),
    (X, "v10.conf", "sort-key v\nversion\n"),
    (X, "v11.conf", "sort-key v\nversion \"6.12.11\"\n"),
    (X, "v12.conf", "sort-key v\nversion 6.12.10 rc 2\n"),
    (X, "v13.conf", "sort-key v\nversion 1\nversion 6.12.12\n"),
    (X, "v14.conf", "sort-key v\nversion 06.012.8\n"),
    (X, "v15.conf", "sort-key v\nversion ~\n"),
    (X, "v16.conf", "sort-key v\nversion ''\n"),
    (X, "v17.conf", "sort-key v\nversion 6.12.9\n"),
    // Titles, comments, ends of lines, blanks.
    (E, "t1.conf", "title \"Quoted title\"\n"),
    (E, "t2.conf", "title 'Quoted\"\n"),
    (E, "t3.conf", "title one\ntitle two\ntitle\n"),
    (
        E,
        "t4.conf",
        "# title no\n  # title no\ntitle yes # no comment\n",
    ),
    (E, "t5.conf", "title DOS\r\nsort-key u\r\nversion 1\r\n"),
    (E, "t6.conf", "\ttitle\t  Tabs \t\n \t sort-key \t u \t \n"),
    (E, "t7.conf", "title Mac\rsort-key u\rversion 3\r"),
    (E, "t8.conf", "\u{feff}sort-key u\nversion 9\n"),
    (E, "t9.conf", "sort-key u\u{b}\n\u{c}version 4\n"),
    (
        E,
        "t10.conf",
        "unknown x\ngrub_users $x\ngrub_class fedora\nid gone\n",
    ),
    (E, "t11.conf", "sort-key=u\nsort-key: u\nsort-key\u{a0}u\n"),
    // Architectures, and what no x86 machine reads.
    (E, "x64.conf", "architecture x64\n"),
    (E, "X64-upper.conf", "architecture X64\n"),
    (E, "quoted-x64.conf", "architecture \"x64\"\n"),
    (E, "aa64.conf", "architecture aa64\ndevicetree /gone.dtb\n"),
    (E, "ia32.conf", "architecture ia32\n"),
    (E, "empty-arch.conf", "architecture\n"),
    (E, "dtb.conf", "devicetree /vmlinuz\n"),
];

/// Entries with all of their lines. `{id}` stands for the usual words and the entry's own.
const WHOLE: &[(Partition, &str, &str)] = &[
    (
        E,
        "linux-quoted.conf",
        "linux \"/vmlinuz\"\ninitrd '/initrd'\noptions \"{id}\"\n",
    ),
    (
        E,
        "linux-repeated.conf",
        "linux /gone\nlinux /vmlinuz\ninitrd /initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-last-gone.conf",
        "linux /vmlinuz\nlinux /gone\ninitrd /initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-relative.conf",
        "linux vmlinuz\ninitrd initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-backslash.conf",
        "linux \\vmlinuz\ninitrd \\initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-case.conf",
        "linux /VMLINUZ\ninitrd /Initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-slashes.conf",
        "linux //vmlinuz\ninitrd /initrd\noptions {id}\n",
    ),
    (
        E,
        "linux-empty.conf",
        "linux /vmlinuz\nlinux\ninitrd /initrd\ninitrd /empty\noptions {id}\n",
    ),
    (
        E,
        "no-newline.conf",
        "linux /vmlinuz\ninitrd /initrd\noptions {id}",
    ),
    (
        E,
        "options-repeated.conf",
        "options first\nlinux /vmlinuz\ninitrd /initrd\noptions {id}\noptions\noptions 'last'\n",
    ),
    (
        E,
        "options-quotes.conf",
        "linux /vmlinuz\ninitrd /initrd\noptions a=\"b c\" {id} d=\"e\"\n",
    ),
    (
        E,
        "efi-kernel.conf",
        "efi /vmlinuz\noptions {id} initrd=\\initrd\n",
    ),
    (
        E,
        "efi-counted+2.conf",
        "efi /vmlinuz\noptions {id} initrd=\\initrd\n",
    ),
    (E, "efi-uki.conf", "efi /EFI/Linux/real.efi\noptions {id}\n"),
    (E, "efi-own.conf", "efi /EFI/BOOT/BOOTX64.EFI\n"),
    (
        E,
        "linux-uki.conf",
        "linux /EFI/Linux/real.efi\noptions {id}\n",
    ),
    (E, "uki.conf", "uki /EFI/Linux/real.efi\noptions {id}\n"),
    (
        E,
        "uki-profile.conf",
        "uki /EFI/Linux/real.efi\nprofile 1\noptions {id}\n",
    ),
    (
        E,
        "uki-words.conf",
        "uki /EFI/Linux/real.efi\noptions @1 {id}\n",
    ),
    (
        E,
        "uki-keyed.conf",
        "title UKI\nsort-key real\nversion 3\nuki /EFI/Linux/real.efi\noptions {id}\n",
    ),
    (
        E,
        "extra.conf",
        "uki /EFI/Linux/real.efi\nextra /extra/a.cred\noptions {id}\n",
    ),
    (E, "url.conf", "uki-url http://example.com/a.efi\n"),
    (
        E,
        "mixed.conf",
        "linux /vmlinuz\nefi /vmlinuz\noptions {id}\n",
    ),
    (
        E,
        "mixed-uki.conf",
        "uki /EFI/Linux/real.efi\nlinux /vmlinuz\noptions {id}\n",
    ),
    (E, "gone.conf", "linux /gone\noptions {id}\n"),
    (
        E,
        "gone-initrd.conf",
        "linux /vmlinuz\ninitrd /gone\noptions {id}\n",
    ),
    (E, "empty.conf", ""),
    (E, "title-only.conf", "title Nothing else\n"),
    (E, "no-value.conf", "linux\noptions {id}\n"),
    (
        E,
        "text-as-kernel.conf",
        "linux /steps/step\noptions {id}\n",
    ),
    (
        E,
        "dots-in-path.conf",
        "linux /EFI/../vmlinuz\ninitrd /initrd\noptions {id}\n",
    ),
    (
        E,
        "other-volume.conf",
        "linux /only-on-xbootldr\noptions {id}\n",
    ),
    (
        X,
        "other-volume-x.conf",
        "linux /only-on-xbootldr\ninitrd /initrd\noptions {id}\n",
    ),
    (
        E,
        "nul.conf",
        "title a\0b\nlinux /vmlinuz\ninitrd /initrd\noptions {id}\n",
    ),
    // Names of no entries.
    (E, ".hidden.conf", "linux /vmlinuz\n"),
    (E, "auto-x.conf", "linux /vmlinuz\n"),
    (E, "Auto-y.conf", "linux /vmlinuz\n"),
    (E, "backup.conf.bak", "linux /vmlinuz\n"),
    (E, "noconf", "linux /vmlinuz\n"),
];

pub fn all() -> Vec<Type1> {
    let usual = USUAL.iter().map(|(volume, name, lines)| {
        let text = format!("{lines}linux /vmlinuz\ninitrd /initrd\noptions {{id}}\n");
        (*volume, *name, text)
    });
    let whole = WHOLE
        .iter()
        .map(|(volume, name, text)| (*volume, *name, (*text).to_owned()));
    let numbered = usual.chain(whole).enumerate();
    numbered
        .map(|(number, (volume, name, text))| {
            let text = text.replace("{id}", &format!("{WORDS} id=t1-{number}"));
            Type1 { volume, name, text }
        })
        .collect()
}
