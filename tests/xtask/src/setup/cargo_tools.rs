//! What comes with Rust or through cargo.

use crate::process::{self, is_installed, succeeds};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// A program that cargo compiles for this project only.
pub struct CargoTool {
    name: &'static str,
    version: &'static str,
    purpose: &'static str,
}

pub const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    purpose: "checks the licences of all dependencies",
};

pub const DEB: CargoTool = CargoTool {
    name: "cargo-deb",
    version: "3.8.0",
    purpose: "makes the Debian package",
};

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

/// Compiles a tool that is nowhere yet.
pub fn ensure(workspace: &Workspace, tool: &CargoTool) -> Result<()> {
    let CargoTool {
        name,
        version,
        purpose,
    } = tool;
    let installed = folder_of_programs(workspace).join(name);
    if is_installed(name) || installed.is_file() {
        return Ok(());
    }
    println!("setup: compiling {name} {version} into target/tools/ ({purpose})");
    // Without optimisation: it runs for a second and compiles for a minute
    // instead of several.
    process::run(
        Command::new("cargo")
            .args(["install", name, "--version", version])
            .args(["--locked", "--debug", "--quiet", "--root"])
            .arg(workspace.tools())
            .env("CARGO_TARGET_DIR", workspace.tools().join("build")),
    )
}
