//! The Debian package on a computer of its own: installed, looked at, removed.

use crate::package::{self, MODULE, PROGRAM};
use crate::process;
use crate::setup::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Installs and removes the package below a folder, with dpkg's own record of
/// it there, and looks at every file by which somebody finds us.
pub fn check(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let file = package::build(workspace, tools, "dev")?;
    let root = workspace.target().join("package-test");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let record = root.join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(record.join(folder))?;
    }
    fs::write(record.join("status"), "")?;

    dpkg(&root, &["--install".as_ref(), file.as_ref()])?;
    look_at(&root)?;
    // What is below /etc stays until a purge, as everywhere in Debian.
    dpkg(&root, &["--purge".as_ref(), "kagibashi".as_ref()])?;
    let left: Vec<PathBuf> = files_below(&root)?
        .into_iter()
        .filter(|path| !path.starts_with(&record))
        .collect();
    ensure!(left.is_empty(), "the package left behind: {left:?}");
    Ok(())
}

/// What it depends on is not there, and need not be.
fn dpkg(root: &Path, arguments: &[&std::ffi::OsStr]) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let mut command = Command::new("unshare");
    if is_root {
        command.arg("--");
    } else {
        command.args(["--map-root-user", "--"]);
    }
    // dpkg wants ldconfig in its path, which only root has there.
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .arg("dpkg")
        .arg(format!("--root={}", root.display()))
        .args(["--force-depends", "--log=/dev/null"])
        .args(arguments);
    process::run_quietly(&mut command)
}

fn look_at(root: &Path) -> Result<()> {
    let program = root.join("usr/bin/kagibashi");
    let version = process::output(Command::new(&program).arg("--version"));
    let expected = concat!("kagibashi ", env!("CARGO_PKG_VERSION"));
    ensure!(version.as_deref() == Some(expected), "{version:?}");
    ensure!(root.join(MODULE).is_file(), "the module is missing");
    let mut found = 0;
    for path in files_below(root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let target = match &*name {
            "jp.kagibashi.host.json" => PROGRAM,
            "kagibashi.json" if path.ends_with("pkcs11-modules/kagibashi.json") => MODULE,
            "kagibashi.module" => MODULE,
            _ => continue,
        };
        let text = fs::read_to_string(&path)?;
        let names_it = text.contains(&format!("/{target}"));
        if !names_it || text.contains('{') && text.contains("Id}") {
            bail!("{} says {text}", path.display());
        }
        found += 1;
    }
    // Four families of browsers like Chromium, Firefox twice, p11-kit.
    ensure!(found == 7, "{found} files of 7 by which we are found");
    for browser in ["chromium", "firefox"] {
        let manifest = format!("usr/share/kagibashi/extension/{browser}/manifest.json");
        let text = fs::read_to_string(root.join(&manifest)).context(manifest)?;
        ensure!(text.contains("nativeMessaging"), "{browser}: {text}");
    }
    let policies = root.join("usr/share/doc/kagibashi/policies/chromium/kagibashi.json");
    ensure!(policies.is_file(), "the policies are missing");
    let guide = root.join("usr/share/doc/kagibashi/guide");
    let is_whole = guide.join("guide.ja.html").is_file() && guide.join("pictures").is_dir();
    ensure!(is_whole, "the guide is missing");
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
