//! `cargo xtask test`: everything that must hold before a change lands.

mod tally;

use crate::npm;
use crate::process;
use crate::setup::{self, Need, Tools};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::process::Command;
use std::time::Instant;
use tally::Tally;

/// One part of the tests; in the order of the list they run.
struct Stage {
    name: &'static str,
    needs: &'static [Need],
    run: fn(&Workspace, &Tools) -> Result<Tally>,
}

const STAGES: &[Stage] = &[
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
        needs: setup::FOR_DEMO,
        run: end_to_end,
    },
    Stage {
        name: "deny",
        needs: &[Need::CargoDeny],
        run: deny,
    },
];

/// Which stages to run; all of them unless told.
pub struct Options {
    stages: Vec<&'static Stage>,
}

impl Options {
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let wanted: Vec<&str> = match arguments {
            [] => STAGES.iter().map(|stage| stage.name).collect(),
            ["--only", names] => names.split(',').collect(),
            _ => bail!("test takes only `--only STAGE,...`"),
        };
        let known = |name: &&str| STAGES.iter().any(|stage| stage.name == *name);
        if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
            let names: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
            bail!("there is no stage `{unknown}`, only {}", names.join(", "));
        }
        let stages = STAGES
            .iter()
            .filter(|stage| wanted.contains(&stage.name))
            .collect();
        Ok(Self { stages })
    }
}

/// Runs the stages until one fails, then says what ran and how long it took.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let needs: Vec<Need> = options
        .stages
        .iter()
        .flat_map(|stage| stage.needs)
        .copied()
        .collect();
    let tools = setup::ensure(workspace, &needs)?;

    let mut tally = Tally::default();
    let mut report = Vec::new();
    let mut failure = None;
    for stage in &options.stages {
        if failure.is_some() {
            report.push(format!("  {:<12}not run", stage.name));
            continue;
        }
        println!("\n== {} ==", stage.name);
        let start = Instant::now();
        let word = match (stage.run)(workspace, &tools) {
            Ok(counted) => {
                tally.add(counted);
                "ok"
            }
            Err(error) => {
                tally.failed += 1;
                failure = Some(error.context(format!("stage {} failed", stage.name)));
                "FAILED"
            }
        };
        let seconds = start.elapsed().as_secs_f32();
        println!("== {}: {word} ==", stage.name);
        report.push(format!("  {:<12}{word:<8}{seconds:>7.1} s", stage.name));
    }

    println!("\n{}", report.join("\n"));
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    failure.map_or(Ok(()), Err)
}

fn cargo(workspace: &Workspace, tools: &Tools) -> Command {
    let mut command = tools.command("cargo");
    command.current_dir(workspace.root());
    command
}

/// A stage that is one command counts as one test.
fn as_one_test(outcome: Result<()>) -> Result<Tally> {
    outcome.map(|()| Tally {
        passed: 1,
        failed: 0,
    })
}

fn formatting(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    as_one_test(process::run(
        cargo(workspace, tools).args(["fmt", "--all", "--check"]),
    ))
}

fn clippy(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    as_one_test(process::run(
        cargo(workspace, tools)
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "-D", "warnings"]),
    ))
}

/// Includes the referee tests with OpenSC, and the document of the messages
/// held against both sides of it.
fn unit(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    let mut tally = Tally::default();
    process::run_watching(
        cargo(workspace, tools).args(["test", "--workspace", "--locked"]),
        |line| tally.read(line),
    )?;
    Ok(tally)
}

fn extension(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    let package = workspace.extension();
    npm::install(tools, &package)?;
    process::run(&mut npm::script(tools, &package, "check"))?;
    let mut tally = Tally::default();
    process::run_watching(&mut npm::script(tools, &package, "test"), |line| {
        tally.read(line);
    })?;
    process::run(&mut npm::script(tools, &package, "build"))?;
    Ok(tally)
}

fn end_to_end(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    // The same packages and profile as for the unit tests, so that only the
    // linking is left to do.
    process::run(cargo(workspace, tools).args([
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
    ]))?;
    if !workspace.chromium_extension().is_dir() {
        npm::install(tools, &workspace.extension())?;
        process::run(&mut npm::script(tools, &workspace.extension(), "build"))?;
    }
    let package = workspace.end_to_end();
    npm::install(tools, &package)?;
    let mut tally = Tally::default();
    process::run_watching(
        npm::script(tools, &package, "test")
            .env("KAGIBASHI_BIN_DIR", workspace.programs())
            .env("KAGIBASHI_EXTENSION_DIR", workspace.chromium_extension())
            .env(
                "KAGIBASHI_ARTEFACTS_DIR",
                workspace.target().join("end-to-end"),
            ),
        |line| tally.read(line),
    )?;
    Ok(tally)
}

fn deny(workspace: &Workspace, tools: &Tools) -> Result<Tally> {
    as_one_test(process::run(
        cargo(workspace, tools)
            .args(["deny", "--workspace", "check", "--hide-inclusion-graph"])
            .args(["licenses", "bans", "sources"]),
    ))
    .and_then(|mut tally| {
        if advisory_database_at_hand() {
            process::run(cargo(workspace, tools).args([
                "deny",
                "--workspace",
                "check",
                "--disable-fetch",
                "advisories",
            ]))?;
            tally.passed += 1;
        } else {
            println!("deny: no advisory database on this machine, so advisories were not checked");
        }
        Ok(tally)
    })
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
