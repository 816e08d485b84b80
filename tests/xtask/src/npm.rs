//! npm packages of this repository: the extension and the end-to-end tests.

use crate::process;
use crate::setup::Tools;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Installs a package's dependencies exactly as locked; nothing is done where
/// the last installation was of the same lock file.
pub fn install(tools: &Tools, package: &Path) -> Result<()> {
    let lock = package.join("package-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let record = package.join("node_modules").join(".installed-lock.json");
    if std::fs::read(&record).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::run_quietly(
        tools
            .command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error"])
            .current_dir(package),
    )?;
    std::fs::write(&record, wanted)?;
    Ok(())
}

/// The command that runs one of a package's scripts.
pub fn script(tools: &Tools, package: &Path, name: &str) -> Command {
    let mut command = tools.command("npm");
    command.args(["run", "--silent", name]).current_dir(package);
    command
}
