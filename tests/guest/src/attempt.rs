// SPDX-License-Identifier: GPL-2.0-or-later
//! Results of the commands that a guest's script ran with `attempt`.

use crate::Transcript;

impl Transcript {
    /// Returns a command's output as one line.
    pub fn told(&self, name: &str) -> String {
        self.all(name)
            .into_iter()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Expects these words in a command's output.
    #[track_caller]
    pub fn expect_words(&self, name: &str, words: &[&str]) {
        self.expect_in(name, &self.told(name), words);
    }

    /// Expects these words in a page with columns, whose spaces are not compared.
    #[track_caller]
    pub fn expect_page(&self, name: &str, words: &[&str]) {
        let told = self.told(name);
        let squeezed: Vec<&str> = told.split_whitespace().collect();
        self.expect_in(name, &squeezed.join(" "), words);
    }

    #[track_caller]
    fn expect_in(&self, name: &str, told: &str, words: &[&str]) {
        for word in words {
            if !told.contains(word) {
                self.fail(&format!("{name} does not say '{word}': {told}"));
            }
        }
    }

    /// Expects that a command ended with this exit code and printed these words.
    #[track_caller]
    pub fn expect_attempt(&self, name: &str, code: &str, words: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        self.expect_words(name, words);
    }

    /// Expects that a command ended with this exit code and printed only these lines,
    /// however far they are indented.
    #[track_caller]
    pub fn expect_lines(&self, name: &str, code: &str, lines: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        let found: Vec<&str> = self.all(name).into_iter().map(str::trim_start).collect();
        if found != lines {
            self.fail(&format!("{name} is\n{}", found.join("\n")));
        }
    }
}
