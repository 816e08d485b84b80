//! What comes with Rust or through cargo.

use crate::process::{self, is_installed, succeeds};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

const DENY_VERSION: &str = "0.20.2";

/// Where cargo puts the programs it installs for this project only.
pub fn folder_of_programs(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("bin")
}

/// Rust's minimal profile lacks the components that the tests need.
pub fn ensure_component(component: &str, subcommand: &str) -> Result<()> {
    if succeeds(Command::new("cargo").args([subcommand, "--version"])) {
        return Ok(());
    }
    if !is_installed("rustup") {
        bail!("`cargo {subcommand}` is missing; install {component} where Rust came from");
    }
    println!("setup: adding {component} to the Rust toolchain (for `cargo {subcommand}`)");
    process::run(Command::new("rustup").args(["component", "add", component]))
}

/// cargo-deny checks the licences and sources of all dependencies.
pub fn ensure_deny(workspace: &Workspace) -> Result<()> {
    let installed = folder_of_programs(workspace).join("cargo-deny");
    if is_installed("cargo-deny") || installed.is_file() {
        return Ok(());
    }
    println!(
        "setup: compiling cargo-deny {DENY_VERSION} into target/tools/ \
         (checks the licences of all dependencies)"
    );
    // Without optimisation: it runs for a second and compiles for a minute
    // instead of several.
    process::run(
        Command::new("cargo")
            .args(["install", "cargo-deny", "--version", DENY_VERSION])
            .args(["--locked", "--debug", "--quiet", "--root"])
            .arg(workspace.tools())
            .env("CARGO_TARGET_DIR", workspace.tools().join("build")),
    )
}
