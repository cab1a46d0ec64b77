// SPDX-License-Identifier: GPL-2.0-or-later
//! The man page, in man(7) macros. Its date is that of the last change: it stays in the
//! committed page, so that the same source always gives the same page.

use kexec_bpf::table::value::Value;
use kexec_bpf::table::{
    COMMANDS, Command, DETAIL, EXCLUSIVE, EXIT_CODES, Flag, GLOBAL_FLAGS, NEEDS, Operand, PROGRAM,
    ROUTES, SUMMARY, detail,
};

use super::{LICENCE, ORIGIN, examples, prose, reference};

/// Longest line of running text in the source of the page.
const LINE: usize = 78;
/// Names of arguments, which are in italics wherever they stand.
const ARGUMENTS: [&str; 9] = [
    "COMMAND",
    "DESCRIPTION",
    "DEV",
    "DIR",
    "ENTRY",
    "FILE",
    "IMAGE",
    "SECONDS",
    "TEXT",
];

/// Path of the committed page.
pub const PATH: &str = "docs/kexec-bpf.8";

/// Returns the page with the date of the committed one.
pub fn page() -> String {
    let committed = std::fs::read_to_string(guest::tree(PATH)).unwrap_or_default();
    let title = committed.lines().find(|line| line.starts_with(".TH "));
    let date = title.and_then(|line| line.split('"').nth(1));
    dated(date.unwrap_or_default())
}

/// Returns the page to write: a new date comes only with other changes.
pub fn changed() -> String {
    let committed = std::fs::read_to_string(guest::tree(PATH)).unwrap_or_default();
    let page = page();
    match page == committed {
        true => page,
        false => dated(&today()),
    }
}

/// Returns the day, as YYYY-MM-DD.
fn today() -> String {
    let output = guest::run(guest::host_program("date").args(["-u", "+%F"]));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn dated(date: &str) -> String {
    let mut page = Page(format!(".\\\" {LICENCE}\n.\\\" {ORIGIN}\n"));
    let title = PROGRAM.to_uppercase();
    let version = env!("CARGO_PKG_VERSION");
    page.line(&format!(
        ".TH {} 8 \"{date}\" \"{}\" \"System Administration\"",
        escaped(&title),
        escaped(&format!("{PROGRAM} {version}"))
    ));
    page.section("NAME");
    page.line(&format!("{} \\- {}", escaped(PROGRAM), escaped(SUMMARY)));
    page.section("SYNOPSIS");
    for command in COMMANDS {
        page.synopsis(command);
    }
    page.section("DESCRIPTION");
    page.text(DETAIL);
    for paragraph in prose::DESCRIPTION {
        page.paragraph(paragraph);
    }
    page.section("OPTIONS");
    page.text(prose::OPTIONS);
    for flag in GLOBAL_FLAGS {
        page.flag(flag);
    }
    page.section("COMMANDS");
    for command in COMMANDS {
        page.command(command);
    }
    page.section("COMMON OPTIONS");
    page.text(prose::COMMON_OPTIONS);
    for flag in common_flags() {
        page.flag(flag);
    }
    page.section("ROUTES");
    page.text(prose::ROUTES_INTRODUCTION);
    let routes = prose::ROUTES
        .iter()
        .filter(|(name, _)| ROUTES.contains(name));
    for (name, text) in routes {
        page.item(name, text);
    }
    page.section("THIN IMAGES");
    for paragraph in prose::THIN {
        page.paragraph(paragraph);
    }
    page.section("INITRDS");
    for paragraph in prose::INITRDS {
        page.paragraph(paragraph);
    }
    page.section("CRASH IMAGES");
    for paragraph in prose::CRASH {
        page.paragraph(paragraph);
    }
    page.paragraph(prose::CRASH_TABLE_INTRODUCTION);
    for (stage, text) in prose::CRASH_TABLE {
        page.item(stage, text);
    }
    page.section("ENFORCE");
    for paragraph in prose::ENFORCE {
        page.paragraph(paragraph);
    }
    page.section("KERNEL COMMAND LINE");
    page.text(prose::KERNEL_COMMAND_LINE_INTRODUCTION);
    for (word, text) in prose::KERNEL_COMMAND_LINE {
        page.item(word, text);
    }
    page.section("EXIT STATUS");
    for (code, meaning) in EXIT_CODES {
        page.item(&code.to_string(), meaning);
    }
    page.text_after_list(prose::EXIT_STATUS);
    page.section("ENVIRONMENT");
    page.text(prose::ENVIRONMENT);
    page.section("FILES");
    page.text(reference::FILES_INTRODUCTION);
    for (path, text) in reference::FILES {
        page.item(path, text);
    }
    page.section("COMPANION FILES");
    page.paragraph(prose::COMPANIONS_INTRODUCTION);
    for (name, text) in prose::COMPANIONS {
        page.item(name, text);
    }
    page.section("GLOSSARY");
    for (word, text) in reference::GLOSSARY {
        page.item(word, text);
    }
    page.section("EXAMPLES");
    for (task, lines) in examples::EXAMPLES {
        page.example(task, lines);
    }
    page.section("NOTES");
    for note in prose::NOTES {
        page.paragraph(note);
    }
    page.section("BUGS");
    for bug in prose::BUGS {
        page.paragraph(bug);
    }
    page.section("SEE ALSO");
    page.see_also();
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn section(&mut self, name: &str) {
        self.line(&format!(".SH {name}"));
    }

    /// Adds running text: each sentence starts a line, as man-pages(7) asks.
    fn text(&mut self, text: &str) {
        for sentence in sentences(text) {
            let mut line = String::new();
            for word in sentence.split_whitespace().map(styled) {
                if !line.is_empty() && line.len() + 1 + word.len() > LINE {
                    self.text_line(&line);
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            self.text_line(&line);
        }
    }

    /// Adds a line that is text, whatever it starts with.
    fn text_line(&mut self, line: &str) {
        let guard = if line.starts_with(['.', '\'']) {
            "\\&"
        } else {
            ""
        };
        self.line(&format!("{guard}{line}"));
    }

    fn paragraph(&mut self, text: &str) {
        if !self.0.lines().last().unwrap_or_default().starts_with(".SH") {
            self.line(".PP");
        }
        self.text(text);
    }

    /// Ends a list of `.TP` items and adds running text.
    fn text_after_list(&mut self, text: &str) {
        self.line(".PP");
        self.text(text);
    }

    fn item(&mut self, name: &str, text: &str) {
        self.line(".TP");
        self.line(&format!(".B {}", escaped(name)));
        self.text(text);
    }

    fn synopsis(&mut self, command: &Command) {
        if command.name != COMMANDS[0].name {
            self.line(".br");
        }
        self.line(&format!(".B {} {}", escaped(PROGRAM), command.name));
        match command.operand {
            Operand::None => {}
            Operand::Image => self.line(".I IMAGE"),
            Operand::Command => self.line(".RI [ COMMAND ]"),
            Operand::Entry => self.line(".RI [ ENTRY ]"),
            Operand::WordImage { word, .. } => self.line(&format!(".B {word}\n.I IMAGE")),
            Operand::Choice { words, .. } => self.line(&format!(".BR {}", words.join(" | "))),
        }
        self.line(".RI [ OPTION ]...\\&");
    }

    fn command(&mut self, command: &Command) {
        let operand = command.operand.metavar();
        let operand = operand.map_or(String::new(), |name| format!(" {name}"));
        self.line(&format!(".SS {}{operand}", command.name));
        self.text(command.detail);
        let flags = command.flags.iter().filter(|flag| !is_global(flag));
        let (common, own): (Vec<&Flag>, Vec<&Flag>) = flags.partition(|flag| flag.is_common());
        for flag in &own {
            self.flag(flag);
        }
        let names: Vec<_> = common
            .iter()
            .map(|flag| format!("--{}", flag.long))
            .collect();
        if !names.is_empty() {
            let also = if own.is_empty() {
                "Takes"
            } else {
                "Also takes"
            };
            let names = names.join(", ");
            self.text_after_list(&format!("{also} {names}: see COMMON OPTIONS."));
        }
    }

    fn flag(&mut self, flag: &Flag) {
        let long = escaped(&format!("--{}", flag.long));
        let spelling = match flag.short {
            Some(letter) => format!("\\-{letter}\\fR, \\fB{long}"),
            None => long,
        };
        self.line(".TP");
        match (flag.value, flag.value.metavar()) {
            (Value::Optional(_), _) => {
                self.line(&format!(".BI \"{spelling}\\fR[\\fB=\" WORD \\fR]"));
            }
            (_, Some(name)) => self.line(&format!(".BI \"{spelling} \" {name}")),
            (_, None) => self.line(&format!(".B {spelling}")),
        }
        self.text(detail::of(flag.id));
        if let Value::Choice(words) | Value::Optional(words) = flag.value {
            self.text(&format!("WORD is one of {}.", words.join(", ")));
        }
        for (one, other) in EXCLUSIVE {
            for (flag_id, other) in [(one.id, other), (other.id, one)] {
                if flag_id == flag.id {
                    self.text(&format!("Not together with --{}.", other.long));
                }
            }
        }
        for (_, needed) in NEEDS.iter().filter(|(one, _)| one.id == flag.id) {
            self.text(&format!("Only together with --{}.", needed.long));
        }
    }

    fn example(&mut self, task: &str, lines: &[&str]) {
        // Not .TP, whose title is one line of the source.
        self.paragraph(task);
        self.line(".RS");
        self.line(".EX");
        for line in lines {
            self.text_line(&escaped(line));
        }
        self.line(".EE");
        self.line(".RE");
    }

    fn see_also(&mut self) {
        let last = prose::SEE_ALSO.len() - 1;
        for (index, (page, number)) in prose::SEE_ALSO.iter().enumerate() {
            let comma = if index == last { "" } else { "," };
            self.line(&format!(".BR {} ({number}){comma}", escaped(page)));
        }
    }
}

fn is_global(flag: &Flag) -> bool {
    GLOBAL_FLAGS.iter().any(|global| global.id == flag.id)
}

/// Returns the flags that several commands have, each once, in the order of the commands.
fn common_flags() -> Vec<&'static Flag> {
    let mut found: Vec<&Flag> = Vec::new();
    let flags = COMMANDS.iter().flat_map(|command| command.flags);
    for flag in flags.filter(|flag| flag.is_common() && !is_global(flag)) {
        if found.iter().all(|one| one.id != flag.id) {
            found.push(flag);
        }
    }
    found
}

/// Escapes backslashes and hyphens. troff prints a plain hyphen as a character that a
/// shell does not understand when it is copied.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// Writes options and names of manual pages in bold, names of arguments in italics.
fn styled(word: &str) -> String {
    let is_mark = |mark: char| "(),.:;[]|".contains(mark);
    let core = word.trim_matches(is_mark);
    let bold = match word.split_once('(') {
        Some((page, number)) if number.starts_with(|digit: char| digit.is_ascii_digit()) => page,
        _ if core.starts_with("--") && core.len() > 2 => core,
        _ => "",
    };
    if !bold.is_empty() {
        return escaped(word).replacen(&escaped(bold), &format!("\\fB{}\\fR", escaped(bold)), 1);
    }
    match ARGUMENTS.contains(&core) {
        true => word.replacen(core, &format!("\\fI{core}\\fR"), 1),
        false => escaped(word),
    }
}

/// Splits text after full stops that end a sentence.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ").map(str::trim)
}
