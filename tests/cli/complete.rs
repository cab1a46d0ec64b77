// SPDX-License-Identifier: GPL-2.0-or-later
//! Completion in real shells, which ask the program for entries, profiles and devices.
//! tests/provision.sh installs zsh and fish.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::build;
use crate::program::{Directory, PROGRAM, Run, finish, wait};

/// Returns a directory with entries, one of which has a name that no shell must see, a UKI
/// with profiles, and the program in `bin`.
fn root(test: &str) -> Directory {
    let directory = Directory::new(test);
    for path in ["loader/entries", "bin"] {
        fs::create_dir_all(directory.path(path)).unwrap();
    }
    symlink(PROGRAM, directory.path("bin/kexec-bpf")).unwrap();
    symlink(".", directory.path("a b")).unwrap();
    directory.file("vmlinuz", &build::bzimage());
    for name in [
        "foo-1",
        "foo-2",
        "bar",
        "foo-$(touch bad)",
        "foo bad",
        "foo;bad",
        "--force",
        "foo\"'\\bad",
        "foo\nbad",
    ] {
        let path = format!("loader/entries/{name}.conf");
        directory.file(path, b"linux /vmlinuz\noptions root=x\n");
    }
    let image = build::pe(&[
        (".osrel", b"ID=a\nNAME=A\n"),
        (".linux", &build::bzimage()),
        (".profile", b"TITLE=Usual\n"),
        (".profile", b"ID=rescue\n"),
    ]);
    directory.file("a.efi", &image);
    directory
}

/// Runs a script of a shell, with the completions' directory as its first argument.
#[track_caller]
fn shell(directory: &Directory, shell: &[&str], script: &str) -> Run {
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/completions");
    directory.file("script", script.as_bytes());
    let path = std::env::var("PATH").unwrap();
    let bin = directory.path("bin");
    let mut command = directory.command("timeout");
    command.arg("20").args(shell).arg("script").arg(completions);
    finish(command.env("PATH", format!("{}:{path}", bin.display())))
}

#[test]
fn the_program_offers_plain_words_only() {
    let directory = root("complete");
    let offered = |words: &[&str]| {
        let run = directory.run(&[&["complete"], words].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout
    };
    let entries = "foo-2.conf\nfoo-1.conf\nbar.conf\n";
    for words in [
        &["--root", "."][..],
        &["--root=."],
        &["-n", "--root", "=", "."],
    ] {
        assert_eq!(offered(&[&["entries"], words].concat()), entries);
    }
    assert_eq!(offered(&["entries", "--root", "/gone"]), "");
    // On the disks of this host, whatever they hold: it ends by itself.
    let mut others = directory.command(PROGRAM);
    let start = Instant::now();
    wait(
        others
            .args(["complete", "entries", "--root"])
            .spawn()
            .unwrap(),
    );
    assert!(start.elapsed() < Duration::from_secs(8));
    assert_eq!(offered(&["profiles", "-n", "gone", "a.efi"]), "0\nrescue\n");
    assert_eq!(offered(&["profiles", "vmlinuz"]), "");
    for words in [&["complete"][..], &["complete", "x"]] {
        assert_eq!(directory.run(words).code, 2);
    }
}

#[test]
fn bash_offers_what_the_program_knows() {
    let directory = root("complete-bash");
    const SCRIPT: &str = r#"source "$1/kexec-bpf.bash"
compopt() { :; }
# As readline calls it: the words of the line, of which the last one is completed.
offer() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _kexec_bpf "$1" "${!#}"
    echo "${COMPREPLY[@]}"
}
offer kexec-bpf boot --root . foo
offer kexec-bpf boot --root = . b
offer kexec-bpf boot --root 'a\ b' b
offer kexec-bpf boot --root '"a b"/.' '$(touch bad)' b
HOME="$PWD/a b"
offer kexec-bpf boot --root '~/.' b
offer kexec-bpf boot --root '"${HOME}/."' b
offer kexec-bpf boot ./vm
offer kexec-bpf load a.efi --profile ''
offer kexec-bpf load a.efi --profile r
offer kexec-bpf boot --m
"#;
    let run = shell(&directory, &["bash", "--norc"], SCRIPT);
    let wanted = "foo-2.conf foo-1.conf\nbar.conf\nbar.conf\nbar.conf\nbar.conf\nbar.conf\n./vmlinuz\n\
         0 rescue\nrescue\n--menu\n";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (wanted, ""));
    assert!(!directory.path("bad").exists());
}

/// Types on a terminal: readline decides what it replaces of a word that bash has split.
#[test]
fn a_typed_word_of_bash_keeps_its_beginning() {
    let directory = root("complete-readline");
    fs::create_dir_all(directory.path("esp/EFI/Linux")).unwrap();
    fs::create_dir_all(directory.path("esp/loader/entries")).unwrap();
    fs::copy(
        directory.path("a.efi"),
        directory.path("esp/EFI/Linux/p.efi"),
    )
    .unwrap();
    directory.file("esp/vmlinuz", &build::bzimage());
    directory.file(
        "esp/loader/entries/x:4:0.conf",
        b"linux /vmlinuz\noptions root=x\n",
    );
    let lines = [
        (
            "boot -n --root esp p.efi@",
            "boot -n --root esp p.efi@rescue",
        ),
        (
            "boot -n --root esp p.efi@r",
            "boot -n --root esp p.efi@rescue",
        ),
        ("boot -n --root esp x", "boot -n --root esp x:4:0.conf"),
        ("boot -n --root esp x:", "boot -n --root esp x:4:0.conf"),
        ("boot -n --root esp x:4:", "boot -n --root esp x:4:0.conf"),
        ("boot -n --root $HOME/esp x:4", "/esp x:4:0.conf"),
        ("boot -n --root ~/esp p.efi@r", "/esp p.efi@rescue"),
        ("status --json=p", "status --json=pretty"),
    ];
    let mut script = String::from(
        r#"zmodload zsh/zpty
zpty z bash --norc --noprofile -i
zpty -w z 'PS1=; bind "set enable-bracketed-paste off"; stty cols 200'
zpty -w z "source $1/kexec-bpf.bash; echo REA'DY'"
zpty -r z out '*READY*'
"#,
    );
    for (typed, _) in lines {
        script.push_str(&format!(
            "zpty -w -n z $'kexec-bpf {typed}\\t\\x01echo \\x05; echo DO\\'NE\\'\\n'\n\
             zpty -r z out '*DONE*'\nprint -r -- $out\n"
        ));
    }
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/completions");
    directory.file("script", script.as_bytes());
    let path = std::env::var("PATH").unwrap();
    let mut command = directory.command("timeout");
    command.args(["20", "zsh", "-f", "script"]).arg(completions);
    command.env("HOME", directory.path(""));
    command.env(
        "PATH",
        format!("{}:{path}", directory.path("bin").display()),
    );
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    // What `echo` prints begins a line.
    let printed: Vec<_> = shown
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("kexec-bpf ") && !line.contains("DO'NE"))
        .collect();
    assert_eq!(printed.len(), lines.len(), "{shown}");
    for ((typed, wanted), printed) in lines.iter().zip(printed) {
        assert!(printed.ends_with(wanted), "{typed}: {printed}");
    }
}

#[test]
fn fish_offers_what_the_program_knows() {
    let directory = root("complete-fish");
    const SCRIPT: &str = r#"source $argv[1]/kexec-bpf.fish
set HOME "$PWD/a b"
for line in "boot --root . foo" "load a.efi --profile r" "boot --root ~/. ba" "boot ./vm"
    # After a tab comes what the word is for.
    complete -C "kexec-bpf $line" | string replace -r '\t.*' ''
end
"#;
    let run = shell(&directory, &["fish", "--no-config"], SCRIPT);
    let words = run
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').next());
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "foo-1.conf",
            "foo-2.conf",
            "rescue",
            "bar.conf",
            "./vmlinuz"
        ]
    );
    assert!(!directory.path("bad").exists());
}

/// Types on a terminal, and has the shell print the line that comes of it.
#[test]
fn zsh_offers_what_the_program_knows() {
    let directory = root("complete-zsh");
    const SCRIPT: &str = r#"zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PROMPT=; HOME="$PWD/a b"; unset zle_bracketed_paste; stty cols 200'
zpty -w z "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; bindkey -e; echo REA'DY'"
zpty -r z out '*READY*'
zpty -w -n z $'kexec-bpf boot -n --root . ba\t\x01echo \x05; echo DO\'NE\'\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -w -n z $'kexec-bpf boot -n --root a\\ b ba\t\x01echo \x05; echo DO\'NE\'\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -w -n z $'kexec-bpf boot -n --root "$HOME/." ba\t\x01echo \x05; echo DO\'NE\'\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -w -n z $'kexec-bpf boot -n ./vm\t\x01echo \x05; echo DO\'NE\'\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -w -n z $'kexec-bpf load -n a.efi --profile r\t\x01echo \x05; echo DO\'NE\'\n'
zpty -r z out '*DONE*'
print -r -- $out
zpty -d z
"#;
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/completions");
    directory.file("script", SCRIPT.as_bytes());
    let path = format!(
        "{}:{}",
        directory.path("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = directory.command("timeout");
    command.args(["20", "zsh", "-f", "script"]).arg(completions);
    // The shell writes control characters, too.
    let output = command.env("PATH", path).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    for line in [
        "kexec-bpf boot -n --root . bar.conf",
        "kexec-bpf boot -n --root a b bar.conf",
        "a b/. bar.conf",
        "boot -n ./vmlinuz",
        "load -n a.efi --profile rescue",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}
