//! What the parts of the tests are, in their order.

use super::installation;
use super::repetition::FailedFiles;
use super::tally::Tally;
use crate::npm;
use crate::process;
use crate::setup::{self, Need, Tools};
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use std::process::Command;

/// One part of the tests; in the order of the list they run.
pub struct Stage {
    pub name: &'static str,
    pub needs: &'static [Need],
    /// Adds the tests it ran to the tally; fails if any of them did.
    pub run: fn(&Workspace, &Tools, &mut Tally) -> Result<()>,
}

pub const STAGES: &[Stage] = &[
    Stage {
        name: "fmt",
        needs: &[Need::Rustfmt],
        run: formatting,
    },
    Stage {
        name: "clippy",
        needs: &[Need::Clippy, Need::CCompiler, Need::PcscLibrary],
        run: clippy,
    },
    Stage {
        name: "unit",
        needs: &[
            Need::CCompiler,
            Need::PcscLibrary,
            Need::PcscDaemon,
            Need::VirtualReader,
            Need::OpenSc,
            Need::OpenSsl,
            Need::NssTools,
            Need::WebServer,
            Need::Curl,
            Need::OtherModule,
            Need::Python,
            Need::Binutils,
            Need::Node,
        ],
        run: unit,
    },
    Stage {
        name: "extension",
        needs: &[Need::Node],
        run: extension,
    },
    Stage {
        name: "end-to-end",
        needs: setup::FOR_END_TO_END,
        run: end_to_end,
    },
    Stage {
        name: "package",
        needs: &[
            Need::CCompiler,
            Need::PcscLibrary,
            Need::Node,
            Need::CargoDeb,
        ],
        run: package,
    },
    Stage {
        name: "deny",
        needs: &[Need::CargoDeny],
        run: deny,
    },
];

fn cargo(workspace: &Workspace, tools: &Tools) -> Command {
    let mut command = tools.command("cargo");
    command.current_dir(workspace.root());
    command
}

/// A command that is a test by itself.
fn one_test(command: &mut Command, tally: &mut Tally) -> Result<()> {
    process::run(command)?;
    tally.passed += 1;
    Ok(())
}

fn formatting(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    one_test(
        cargo(workspace, tools).args(["fmt", "--all", "--check"]),
        tally,
    )
}

fn clippy(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    one_test(
        cargo(workspace, tools)
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "-D", "warnings"]),
        tally,
    )
}

/// Includes the referee tests with OpenSC, and the document of the messages
/// held against both sides of it.
fn unit(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    process::run_watching(
        cargo(workspace, tools).args(["test", "--workspace", "--locked", "--no-fail-fast"]),
        |line| tally.read(line),
    )
}

fn extension(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    let package = workspace.extension();
    npm::install(tools, &package)?;
    one_test(&mut npm::script(tools, &package, "check"), tally)?;
    process::run_watching(&mut npm::script(tools, &package, "test"), |line| {
        tally.read(line);
    })?;
    process::run_quietly(&mut npm::script(tools, &package, "pack"))?;
    tally.passed += 1;
    packed_sizes(workspace)?;
    tally.passed += 1;
    Ok(())
}

/// Bytes of the extension as a store gets it, at most: people wait for it.
const PACKED_MAX: u64 = 150_000;

fn packed_sizes(workspace: &Workspace) -> Result<()> {
    let mut packed = 0;
    for entry in workspace.extension().join(".output").read_dir()? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "zip") {
            continue;
        }
        let size = path.metadata()?.len();
        println!("packed: {} has {size} bytes", path.display());
        ensure!(
            size <= PACKED_MAX,
            "{} is larger than {PACKED_MAX} bytes",
            path.display()
        );
        packed += 1;
    }
    ensure!(packed >= 2, "one package for each browser was expected");
    Ok(())
}

/// With the tests' own build of the dependencies, so that only the linking is
/// left to do.
fn build_everything(workspace: &Workspace, tools: &Tools) -> Result<()> {
    process::run(cargo(workspace, tools).args([
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
    ]))?;
    npm::install(tools, &workspace.extension())?;
    process::run_quietly(&mut npm::script(tools, &workspace.extension(), "build"))
}

fn end_to_end(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    build_everything(workspace, tools)?;
    let package = workspace.end_to_end();
    npm::install(tools, &package)?;
    let tests = |script: &str| {
        let mut command = npm::script(tools, &package, script);
        command
            .env("KAGIBASHI_BIN_DIR", workspace.programs())
            .env("KAGIBASHI_EXTENSION_DIR", workspace.chromium_extension())
            .env("KAGIBASHI_ARTEFACTS_DIR", workspace.pictures());
        command
    };
    let before = *tally;
    let mut failed = FailedFiles::default();
    let outcome = process::run_watching(&mut tests("test"), |line| {
        tally.read(line);
        failed.read(line);
    });
    let (Err(_), Some(files)) = (&outcome, failed.worth_repeating()) else {
        return outcome;
    };
    println!(
        "end-to-end: failed, and run once more: {}",
        files.join(", ")
    );
    let repeated = tally.failed - before.failed;
    tally.failed = before.failed;
    // Not all that the files hold counts anew, only what had failed.
    let mut again = Tally::default();
    process::run_watching(tests("test-files").arg("--").args(&files), |line| {
        again.read(line);
    })
    .inspect_err(|_| tally.failed += again.failed)?;
    tally.passed += repeated;
    tally.repeated += repeated;
    Ok(())
}

/// Of the programs and the extension that the stages before have tested.
fn package(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    build_everything(workspace, tools)?;
    installation::check(workspace, tools)?;
    tally.passed += 1;
    Ok(())
}

fn deny(workspace: &Workspace, tools: &Tools, tally: &mut Tally) -> Result<()> {
    let check = |options: &[&str]| {
        let mut command = cargo(workspace, tools);
        command
            .args(["deny", "--workspace", "check", "--hide-inclusion-graph"])
            .args(options);
        command
    };
    one_test(&mut check(&["licenses", "bans", "sources"]), tally)?;
    if advisory_database_at_hand() {
        one_test(&mut check(&["--disable-fetch", "advisories"]), tally)?;
    } else {
        println!("deny: no advisory database on this machine, so advisories were not checked");
    }
    Ok(())
}

/// Whether cargo-deny finds a database without fetching one: it keeps them in
/// cargo's home, one folder for each source.
fn advisory_database_at_hand() -> bool {
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(
        || std::env::home_dir().unwrap_or_default().join(".cargo"),
        std::path::PathBuf::from,
    );
    std::fs::read_dir(cargo_home.join("advisory-dbs"))
        .is_ok_and(|mut databases| databases.any(|entry| entry.is_ok_and(|e| e.path().is_dir())))
}
