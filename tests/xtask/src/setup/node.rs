//! Node and npm: the system's own where they are new enough, else a pair that
//! npm installs for this project only.

use crate::process::{self, output};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first Node that runs TypeScript files without a flag.
const OLDEST: (u32, u32) = (22, 18);

/// Names the wanted versions and their checksums.
const LOCK: &str = "package-lock.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the search path as it is.
    System,
    /// In the project's own tools.
    Project,
    Absent,
}

/// Where a Node that will do can be found.
pub fn place(workspace: &Workspace) -> Place {
    let on_path = output(Command::new("node").arg("--version"));
    let with_npm = output(Command::new("npm").arg("--version")).is_some();
    if with_npm && on_path.is_some_and(|version| is_new_enough(&version)) {
        Place::System
    } else if is_up_to_date(workspace) {
        Place::Project
    } else {
        Place::Absent
    }
}

/// The folders of the project's own `node` and `npm`.
pub fn folders_of_programs(workspace: &Workspace) -> [PathBuf; 2] {
    let packages = folder(workspace).join("node_modules");
    // Not by npm's link to node: npm 9 leaves it out for optional packages.
    [
        packages
            .join(format!("node-linux-{}", architecture()))
            .join("bin"),
        packages.join(".bin"),
    ]
}

/// The processor's name as Node has it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn program(workspace: &Workspace) -> PathBuf {
    folders_of_programs(workspace)[0].join("node")
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.tools().join("node")
}

/// The pinned versions, as files for npm.
fn pins(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests").join("xtask").join("node")
}

fn is_up_to_date(workspace: &Workspace) -> bool {
    let read = |folder: &Path| std::fs::read(folder.join(LOCK)).ok();
    let wanted = read(&pins(workspace));
    program(workspace).exists() && wanted.is_some() && wanted == read(&folder(workspace))
}

/// Installs the pinned Node and npm with the npm that is on the search path.
pub fn install(workspace: &Workspace) -> Result<()> {
    println!("setup: installing Node and npm into target/tools/ (they build the extension)");
    let folder = folder(workspace);
    std::fs::create_dir_all(&folder)?;
    // The lock file goes last: it says that the rest is complete.
    let build = folder.join("incomplete");
    let _ = std::fs::remove_dir_all(&build);
    let _ = std::fs::remove_dir_all(folder.join("node_modules"));
    std::fs::create_dir_all(&build)?;
    for file in ["package.json", LOCK] {
        std::fs::copy(pins(workspace).join(file), build.join(file))
            .with_context(|| format!("copying {file}"))?;
    }
    process::run_quietly(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error"])
            .current_dir(&build),
    )?;
    for file in ["node_modules", "package.json", LOCK] {
        std::fs::rename(build.join(file), folder.join(file))?;
    }
    std::fs::remove_dir(&build)?;
    match output(Command::new(program(workspace)).arg("--version")) {
        Some(version) if is_new_enough(&version) => Ok(()),
        _ => bail!(
            "npm brought no Node for this machine; install Node {}.{} or later",
            OLDEST.0,
            OLDEST.1
        ),
    }
}

/// Understands what `node --version` prints, as `v24.21.0`.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn compares_versions_as_numbers() {
        for (version, wanted) in [
            ("v18.20.4", false),
            ("v22.9.0", false),
            ("v22.17.1", false),
            ("v22.18.0", true),
            ("v24.1.0", true),
            ("v100.0.0", true),
            ("", false),
            ("node", false),
        ] {
            assert_eq!(is_new_enough(version), wanted, "{version}");
        }
    }
}
