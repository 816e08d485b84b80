//! The project's chores, as `cargo xtask COMMAND`.
//!
//! Each command first sees to what it needs from the machine ([`setup`]), so
//! every one of them works on a fresh Debian with only Rust added.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod bench;
mod demo;
mod guide;
mod npm;
mod package;
mod process;
mod setup;
mod test;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;
use workspace::Workspace;

const HELP: &str = "\
cargo xtask COMMAND

  demo [--headless] [--lang ja|en]
        Sign in with a software token in Chromium, in the TLS handshake of one
        demo portal and by the button of another. Without a display, or with
        --headless, the clicks are driven and photographed into target/demo/.
  test [--only STAGE,...]
        Everything that must hold before a change lands. Stages, in order:
        fmt, clippy, unit, extension, end-to-end, package, deny.
  package
        Build target/release/kagibashi.deb: host, module, extension, and the
        files by which browsers and programs find them.
  guide
        Renew the pictures of the Japanese guide, manifests/guide, from those
        that the last end-to-end tests took.
  bench
        Count the card commands an operation takes and hold them against the
        budgets.
  setup
        Only install what the commands above need (Debian packages through
        apt-get; Node, cargo-deb and cargo-deny into target/tools/).
  help
        This text.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let (command, options) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((command, options)) => (*command, options),
    };
    process::watch_for_interrupts()?;
    let workspace = Workspace::locate()?;
    match command {
        "demo" => demo::run(&workspace, &demo::Options::parse(options)?),
        "test" => test::run(&workspace, &test::Options::parse(options)?),
        "package" => no_options(options).and_then(|()| package::run(&workspace)),
        "guide" => no_options(options).and_then(|()| guide::run(&workspace)),
        "bench" => no_options(options).and_then(|()| bench::run(&workspace)),
        "setup" => no_options(options).and_then(|()| setup::everything(&workspace)),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => bail!("there is no command `{unknown}`\n\n{HELP}"),
    }
}

fn no_options(options: &[&str]) -> Result<()> {
    match options.first() {
        None => Ok(()),
        Some(option) => bail!("this command takes no option, so not `{option}`"),
    }
}
