//! A second chance for the few end-to-end tests that real browsers on a busy
//! machine made fail, said aloud: what fails again has failed.

use std::collections::BTreeSet;

/// More failed files than these are no chance any more.
const FILES_MAX: usize = 2;

/// The test files of a run of `node --test` with failed tests.
#[derive(Debug, Default)]
pub struct FailedFiles {
    files: BTreeSet<String>,
}

impl FailedFiles {
    /// Takes a line of the runner's output into account. `failed-files.ts` beside
    /// the tests adds these, as "failed file: tests/sign-in.test.ts".
    pub fn read(&mut self, line: &str) {
        if let Some(file) = line.trim().strip_prefix("failed file: ") {
            self.files.insert(file.to_owned());
        }
    }

    /// The files to run once more; `None` if too many failed, or none that is
    /// named.
    pub fn worth_repeating(&self) -> Option<Vec<&str>> {
        let some = (1..=FILES_MAX).contains(&self.files.len());
        some.then(|| self.files.iter().map(String::as_str).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::FailedFiles;

    #[test]
    fn a_few_failed_files_are_repeated_and_many_are_not() {
        let mut failed = FailedFiles::default();
        for line in [
            "✖ the management page in en, light (18224.7ms)",
            "test at scene/manage-tests.ts:44:3",
            "",
        ] {
            failed.read(line);
        }
        assert_eq!(failed.worth_repeating(), None);
        failed.read("failed file: tests/manage.test.ts");
        failed.read("failed file: tests/a.test.ts");
        assert_eq!(
            failed.worth_repeating(),
            Some(vec!["tests/a.test.ts", "tests/manage.test.ts"])
        );
        failed.read("failed file: tests/b.test.ts");
        assert_eq!(failed.worth_repeating(), None);
    }
}
