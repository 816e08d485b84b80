//! `kagibashi`: a native messaging host for browsers, and a command line.

mod advice;
mod agent;
mod browser;
mod clock;
mod command;
mod doctor;
mod failure;
mod folders;
mod grant;
mod identity;
mod install;
mod inventory;
mod language;
mod log;
mod logins;
mod manifest;
mod prompt;
mod terminal;
mod trust;
mod vendor_modules;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use browser::Caller;
use grant::Grants;
use inventory::LastSeen;
use trust::Trust;

/// Which door did I come in by?
fn main() -> ExitCode {
    let folders = folders::Folders::of_user();
    let grants = Grants::in_folder(&folders.config);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match Caller::recognise(&arguments) {
        Some(caller) => {
            // A person at a terminal is told everything there.
            log::start(&folders.state);
            let trust = Trust::of_user(&folders.state);
            let last_seen = LastSeen::in_folder(&folders.state);
            browser::serve(&caller, grants, trust, last_seen)
        }
        None => terminal::run(&grants),
    }
}
