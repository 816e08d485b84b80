//! Starting `kagibashi agent`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::entry::library;

/// The program's name.
const PROGRAM: &str = if cfg!(windows) {
    "kagibashi.exe"
} else {
    "kagibashi"
};

/// Starts the agent; false if that program is not there. It lives on without
/// us, has nothing of ours open and writes nowhere.
pub fn agent() -> bool {
    // Beside the module first: the two were installed together.
    let beside = library::path().map(|library| library.with_file_name(PROGRAM));
    let program = beside
        .filter(|program| program.is_file())
        .unwrap_or_else(|| PathBuf::from(PROGRAM));
    let started = detached(&program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        // The shell ends as soon as it has started the agent. Programs that
        // collect every child themselves may have taken it: no matter.
        #[cfg(unix)]
        Ok(mut shell) => shell.wait().map_or(true, |status| status.success()),
        #[cfg(not(unix))]
        Ok(_) => true,
        Err(_) => false,
    }
}

/// By a shell, so that the agent is nobody's child here, and in a group of its
/// own, so that Ctrl-C in a terminal does not reach it. What else the program
/// has open (a pipe, say, whose end somebody waits for) is closed.
#[cfg(unix)]
fn detached(program: &std::path::Path) -> Command {
    use std::os::unix::process::CommandExt;
    const SCRIPT: &str = r#"command -v "$0" >/dev/null || exit 1
        "$0" agent 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &"#;
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", SCRIPT])
        .arg(program)
        .current_dir("/")
        .process_group(0);
    shell
}

#[cfg(windows)]
fn detached(program: &std::path::Path) -> Command {
    use std::os::windows::process::CommandExt;
    /// `DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP` (winbase.h).
    const FLAGS: u32 = 0x0000_0008 | 0x0000_0200;
    let mut command = Command::new(program);
    command.arg("agent").creation_flags(FLAGS);
    command
}
