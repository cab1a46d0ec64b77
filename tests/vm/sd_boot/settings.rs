// SPDX-License-Identifier: GPL-2.0-or-later
//! What names the default: loader.conf and EFI variables.

/// One state of the machine before a boot.
pub struct Setting {
    pub name: &'static str,
    pub conf: &'static str,
    /// EFI variables; the others of [`VARIABLES`] do not exist.
    pub variables: &'static [(&'static str, &'static str)],
    /// The id of the entry that systemd-boot chooses.
    pub boots: &'static str,
    /// The id of the entry that kexec-bpf chooses, if it is another one.
    pub ours: Option<&'static str>,
    /// True if `make check` runs it, too.
    pub is_short: bool,
}

/// The EFI variables that name an entry.
pub const VARIABLES: [&str; 4] = [ONE_SHOT, PREFERRED, DEFAULT, LAST];
const ONE_SHOT: &str = "LoaderEntryOneShot";
const PREFERRED: &str = "LoaderEntryPreferred";
const DEFAULT: &str = "LoaderEntryDefault";
const LAST: &str = "LoaderEntryLastBooted";

const fn short(
    name: &'static str,
    conf: &'static str,
    variables: &'static [(&'static str, &'static str)],
    boots: &'static str,
) -> Setting {
    Setting {
        name,
        conf,
        variables,
        boots,
        ours: None,
        is_short: true,
    }
}

const fn long(
    name: &'static str,
    conf: &'static str,
    variables: &'static [(&'static str, &'static str)],
    boots: &'static str,
) -> Setting {
    Setting {
        is_short: false,
        ..short(name, conf, variables, boots)
    }
}

/// Returns a setting with which kexec-bpf chooses another entry.
const fn differs(
    name: &'static str,
    conf: &'static str,
    variables: &'static [(&'static str, &'static str)],
    boots: &'static str,
    ours: &'static str,
) -> Setting {
    Setting {
        ours: Some(ours),
        ..long(name, conf, variables, boots)
    }
}

/// All settings. Two differences stay. systemd-boot folds the case of a pattern but not that of
/// a profile's ID, so that no letter matches a capital in it, and not that of
/// LoaderEntryLastBooted; here the case never counts. And here a profile goes by its number,
/// too.
pub const ALL: &[Setting] = &[
    short("nothing", "timeout 0\n", &[], "s7.conf"),
    short(
        "pattern",
        "timeout 0\ndefault ARCH-[a-l]*\n",
        &[],
        "arch-lts.conf",
    ),
    short(
        "one-shot",
        "default arch.conf\n",
        &[(ONE_SHOT, "real.efi@third")],
        "real.efi@third",
    ),
    short("saved", "default @saved\n", &[(LAST, "m2.conf")], "m2.conf"),
    short(
        "preferred-bad",
        "preferred bad.conf\ndefault arch.conf\n",
        &[],
        "arch.conf",
    ),
    long(
        "preferred-gone",
        "preferred gone-entry*\ndefault arch.conf\n",
        &[],
        "arch.conf",
    ),
    long(
        "preferred-variable-bad",
        "default arch.conf\n",
        &[(PREFERRED, "bad*")],
        "arch.conf",
    ),
    long(
        "variable",
        "default arch.conf\n",
        &[(DEFAULT, "M1.conf")],
        "m1.conf",
    ),
    long(
        "variable-pattern",
        "default arch.conf\n",
        &[(DEFAULT, "m[5-6]*")],
        "m5.conf",
    ),
    long(
        "variable-saved",
        "default arch.conf\n",
        &[(DEFAULT, "@saved"), (LAST, "m5.conf")],
        "m5.conf",
    ),
    long(
        "variable-gone",
        "default arch.conf\n",
        &[(DEFAULT, "gone.conf")],
        "arch.conf",
    ),
    long(
        "saved-gone",
        "default @saved\n",
        &[(LAST, "gone.conf")],
        "s7.conf",
    ),
    long(
        "saved-upper",
        "default @SAVED\n",
        &[(LAST, "m2.conf")],
        "m2.conf",
    ),
    long("saved-nothing", "default @saved\n", &[], "s7.conf"),
    long(
        "saved-pattern",
        "default @saved\n",
        &[(LAST, "m[5-6]*")],
        "m5.conf",
    ),
    differs(
        "saved-upper-name",
        "default @saved\n",
        &[(LAST, "M2.CONF")],
        "s7.conf",
        "m2.conf",
    ),
    long(
        "one-shot-bad",
        "default arch.conf\n",
        &[(ONE_SHOT, "bad*.conf")],
        "bad2.conf",
    ),
    long(
        "one-shot-gone",
        "default arch.conf\n",
        &[(ONE_SHOT, "gone.conf"), (DEFAULT, "m1.conf")],
        "m1.conf",
    ),
    long(
        "one-shot-first",
        "preferred m1.conf\n",
        &[
            (ONE_SHOT, "m2.conf"),
            (PREFERRED, "m3.conf"),
            (DEFAULT, "m4.conf"),
        ],
        "m2.conf",
    ),
    long(
        "one-shot-saved",
        "default arch.conf\n",
        &[(ONE_SHOT, "@saved"), (LAST, "m1.conf")],
        "arch.conf",
    ),
    long("timeout", "timeout 1\ndefault m1.conf\n", &[], "m1.conf"),
    long(
        "menu-hidden",
        "timeout menu-hidden\ndefault \u{65e5}*.conf\n",
        &[],
        "\u{65e5}\u{672c}.conf",
    ),
    long(
        "menu-disabled",
        "timeout menu-disabled\ndefault x64*\n",
        &[],
        "x64.conf",
    ),
    long("no-conf", "", &[], "s7.conf"),
    long(
        "profile-any",
        "default real.efi@?escue\n",
        &[],
        "real.efi@Rescue",
    ),
    differs(
        "profile-case",
        "default real.efi@Rescue\n",
        &[],
        "s7.conf",
        "real.efi@Rescue",
    ),
    differs(
        "one-shot-profile-case",
        "default arch.conf\n",
        &[(ONE_SHOT, "real.efi@Rescue")],
        "arch.conf",
        "real.efi@Rescue",
    ),
    differs(
        "profile-number",
        "default real.efi@2\n",
        &[],
        "s7.conf",
        "real.efi@third",
    ),
    differs(
        "profile-zero",
        "default real.efi@0\n",
        &[],
        "s7.conf",
        "real.efi",
    ),
    long("profile-main", "default real.efi@main\n", &[], "s7.conf"),
    long("bad", "default bad.conf\n", &[], "bad.conf"),
    long("bad-with-counter", "default bad+0-3.conf\n", &[], "s7.conf"),
    long("counted", "default left*.conf\n", &[], "left.conf"),
    long("counted-id", "default tried.conf\n", &[], "tried.conf"),
    long("counted-uki", "default counted*\n", &[], "counted.efi"),
    long(
        "counted-efi",
        "default efi-counted*\n",
        &[],
        "efi-counted.conf",
    ),
    long("exact", "default linux-6.10.conf\n", &[], "linux-6.10.conf"),
    long("case", "default upper-case.CONF\n", &[], "upper-case.conf"),
    long("stem", "default arch\n", &[], "s7.conf"),
    long("quoted", "default \"a b.conf\"\n", &[], "a b.conf"),
    long("unicode", "default gr?n.conf\n", &[], "gr\u{fc}n.conf"),
    long("set-of-names", "default [[]set].conf\n", &[], "[set].conf"),
    long("range", "default s[2-3].conf\n", &[], "s2.conf"),
    long("escaped", "default a\\ b.conf\n", &[], "a b.conf"),
    long("gone", "default gone-entry.conf\n", &[], "s7.conf"),
    long("hidden", "default mixed.conf\n", &[], "s7.conf"),
    long("both", "default both.conf\n", &[], "both.conf"),
    long(
        "repeated",
        "default arch.conf\ndefault m1.conf\ndefault\n",
        &[],
        "m1.conf",
    ),
    long(
        "special",
        "default arch.conf\ndefault @other\n",
        &[],
        "arch.conf",
    ),
    long(
        "preferred",
        "default arch.conf\npreferred m1.conf\n",
        &[],
        "m1.conf",
    ),
    long(
        "preferred-variable",
        "preferred arch.conf\n",
        &[(PREFERRED, "m3.conf")],
        "m3.conf",
    ),
    long(
        "preferred-before-default",
        "preferred m1.conf\n",
        &[(DEFAULT, "arch.conf")],
        "m1.conf",
    ),
    long(
        "preferred-saved",
        "preferred @saved\ndefault arch.conf\n",
        &[(LAST, "m4.conf")],
        "m4.conf",
    ),
];
