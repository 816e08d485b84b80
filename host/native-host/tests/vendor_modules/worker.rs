//! Modules in their processes, as the host has them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use kagibashi_token::driver::pkcs11::Limits;
use kagibashi_token::{Cancel, ModuleSettings, Modules, Reader, Token, Tokens, WorkerProgram};

/// Short enough for a test that waits for their end.
pub const LIMITS: Limits = Limits {
    start: Duration::from_secs(5),
    look: Duration::from_secs(5),
    work: Duration::from_secs(5),
    person: Duration::from_secs(10),
};

/// Longer than anything that works takes, on a machine with much to do.
pub const GENEROUS: Limits = Limits {
    start: Duration::from_mins(1),
    look: Duration::from_mins(1),
    work: Duration::from_mins(1),
    person: Duration::from_mins(1),
};

/// The program with variables of its environment.
pub fn program(variables: &[(&str, PathBuf)]) -> WorkerProgram {
    let mut arguments: Vec<OsString> = variables
        .iter()
        .map(|(name, value)| {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            variable
        })
        .collect();
    arguments.push(env!("CARGO_BIN_EXE_kagibashi").into());
    arguments.push("module-worker".into());
    WorkerProgram {
        program: PathBuf::from("/usr/bin/env"),
        arguments,
    }
}

/// A module of that name.
pub fn module(name: &str, path: impl AsRef<Path>) -> ModuleSettings {
    ModuleSettings {
        name: name.to_owned(),
        path: path.as_ref().to_owned(),
        before_own: false,
    }
}

/// These modules, and no smart card service.
pub fn modules(program: &WorkerProgram, limits: Limits, all: &[ModuleSettings]) -> Modules {
    let modules = Modules::none();
    modules.configure(program, limits, all);
    modules
}

/// A connection to modules alone; the test's own environment has no service.
pub fn tokens(modules: &Modules) -> Tokens {
    Tokens::connect_with(modules).unwrap()
}

/// The readers of modules.
pub fn readers(tokens: &Tokens, module: &str) -> Vec<Reader> {
    let readers = tokens.readers().unwrap().into_iter();
    readers
        .filter(|reader| reader.name.starts_with(module))
        .collect()
}

/// The only token that a module offers.
pub fn the_token(tokens: &Tokens, module: &str) -> Box<dyn Token> {
    let readers = readers(tokens, module);
    let [reader] = readers.as_slice() else {
        panic!("one token was expected: {readers:?}");
    };
    assert!(reader.state.is_token(), "{reader:?}");
    tokens.open(&reader.name, &Cancel::new()).unwrap()
}

/// The processes that this one has started and that run a module of that
/// file: others' children, as those of tests beside this, have other files.
pub fn processes(file: &Path) -> Vec<String> {
    let output = Command::new("ps")
        .args([
            "-o",
            "pid=,args=",
            "--ppid",
            &std::process::id().to_string(),
        ])
        .output()
        .unwrap();
    let file = file.canonicalize().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .filter(|line| line.ends_with(file.to_str().unwrap()))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Kills the only process that runs a module of that file, as nothing else
/// kills, and waits until it is dead.
pub fn kill(file: &Path) {
    let running = processes(file);
    assert_eq!(running.len(), 1, "{running:?}");
    let killed = Command::new("kill").arg("-9").args(&running).status();
    assert!(killed.unwrap().success());
    while !is_dead(&running[0]) {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether its parent can be told of its end. It runs nothing before, and yet
/// lives for whoever asks.
fn is_dead(process: &str) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", process])
        .output()
        .unwrap()
        .stdout;
    state.is_empty() || state.starts_with(b"Z")
}
