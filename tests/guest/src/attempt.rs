// SPDX-License-Identifier: GPL-2.0-or-later
//! What became of commands that a guest's script gave to `attempt`.

use crate::Transcript;

impl Transcript {
    /// All that a command said, as one line: it was wrapped at the console's width.
    pub fn told(&self, name: &str) -> String {
        self.all(name)
            .into_iter()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What a command said has these words.
    #[track_caller]
    pub fn expect_words(&self, name: &str, words: &[&str]) {
        self.expect_in(name, &self.told(name), words);
    }

    /// The same, of a page whose columns are as wide as what is in them.
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

    /// A command ended with this exit code and said these words.
    #[track_caller]
    pub fn expect_attempt(&self, name: &str, code: &str, words: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        self.expect_words(name, words);
    }

    /// A command ended with this exit code and said these lines, however far
    /// indented, and nothing else.
    #[track_caller]
    pub fn expect_lines(&self, name: &str, code: &str, lines: &[&str]) {
        self.expect(&format!("{name}-code"), code);
        let found: Vec<&str> = self.all(name).into_iter().map(str::trim_start).collect();
        if found != lines {
            self.fail(&format!("{name} is\n{}", found.join("\n")));
        }
    }
}
