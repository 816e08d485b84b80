//! A test in a process of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Names the variable that tells the process which test it is for.
const SCENARIO: &str = "KAGIBASHI_TEST_SCENARIO";
/// No scenario may take longer; those that hang are a failure, not a wait.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs the test of that name, which must be the caller's own, in a process
/// with an empty runtime folder of its own.
pub fn alone(test: &str, scenario: impl FnOnce()) {
    if env::var(SCENARIO).as_deref() == Ok(test) {
        scenario();
        return;
    }
    let folder = runtime_folder();
    let program = env::current_exe().expect("a test has a file");
    let mut scenario = Command::new(program);
    scenario
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(SCENARIO, test)
        .env("XDG_RUNTIME_DIR", folder.path());
    let (good, said) = run(&mut scenario);
    assert!(good, "{test}:\n{said}");
}

/// Runs a program without input, and not for ever: whether it ended well, and
/// all that it said.
pub fn run(program: &mut Command) -> (bool, String) {
    // A file, as a pipe would be held open by whatever the program leaves
    // behind.
    let said = tempfile::NamedTempFile::new().expect("a temporary file");
    let append = said.reopen().expect("our own file");
    let mut child = program
        .stdin(Stdio::null())
        .stdout(append.try_clone().expect("a file"))
        .stderr(append)
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let begin = Instant::now();
    let good = loop {
        if let Some(status) = child.try_wait().expect("our child") {
            break status.success();
        }
        if begin.elapsed() > PATIENCE {
            drop(child.kill());
            drop(child.wait());
            break false;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let mut text = fs::read_to_string(said.path()).unwrap_or_default();
    if begin.elapsed() > PATIENCE {
        text.push_str("(it hung)");
    }
    (good, text)
}

/// A folder as a login session has it.
pub fn runtime_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mode = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder.path(), mode).expect("our own folder");
    folder
}

/// The meeting place inside the scenario.
pub fn meeting_place() -> PathBuf {
    let folder = env::var_os("XDG_RUNTIME_DIR").expect("set by `alone`");
    Path::new(&folder).join("kagibashi")
}

/// Fails if something took longer than it may.
pub fn within<T>(limit: Duration, act: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let outcome = act();
    let took = begin.elapsed();
    assert!(took < limit, "took {took:?}, not {limit:?}");
    outcome
}
