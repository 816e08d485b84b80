//! `cargo xtask package`: a Debian package of host, module, extension and the
//! files by which browsers and programs find them.

use crate::npm;
use crate::process;
use crate::setup::{self, Need, Tools};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the package puts the program; the module is beside it.
pub const PROGRAM: &str = "usr/lib/kagibashi/kagibashi";
pub const MODULE: &str = "usr/lib/kagibashi/libkagibashi_pkcs11.so";

/// The folders in which all browsers of this computer look, also those that
/// come later. The host's installer knows them, too.
const CHROMIUM_MANIFESTS: [&str; 4] = [
    "etc/chromium/native-messaging-hosts",
    "etc/opt/chrome/native-messaging-hosts",
    "etc/opt/edge/native-messaging-hosts",
    "etc/opt/vivaldi/native-messaging-hosts",
];
const FIREFOX_MANIFESTS: &str = "usr/lib/mozilla/native-messaging-hosts";
const FIREFOX_MODULES: &str = "usr/lib/mozilla/pkcs11-modules";
const P11_KIT_MODULES: &str = "usr/share/p11-kit/modules";
const EXTENSIONS: &str = "usr/share/kagibashi/extension";
const GUIDE: &str = "usr/share/doc/kagibashi/guide";
const POLICIES: &str = "usr/share/doc/kagibashi/policies";

pub fn run(workspace: &Workspace) -> Result<()> {
    let needs = [
        Need::CCompiler,
        Need::PcscLibrary,
        Need::Node,
        Need::CargoDeb,
    ];
    let tools = setup::ensure(workspace, &needs)?;
    println!("package: building (the first time takes some minutes)");
    process::run(
        tools
            .command("cargo")
            .current_dir(workspace.root())
            .args(["build", "--release", "--locked"])
            .args(["--package", "kagibashi", "--package", "kagibashi-pkcs11"]),
    )?;
    npm::install(&tools, &workspace.extension())?;
    process::run_quietly(&mut npm::script(&tools, &workspace.extension(), "build"))?;
    let package = build(workspace, &tools, "release")?;
    println!("package: {}", package.display());
    Ok(())
}

/// Makes the package of what was built before with that profile, `release` or
/// `dev`.
pub fn build(workspace: &Workspace, tools: &Tools, profile: &str) -> Result<PathBuf> {
    let folder = workspace.target().join(match profile {
        "dev" => "debug",
        profile => profile,
    });
    lay_out(workspace, &folder.join("package"))?;
    let package = folder.join("kagibashi.deb");
    let mut command = tools.command("cargo");
    command
        .current_dir(workspace.root())
        .args(["deb", "--package", "kagibashi", "--no-build", "--quiet"])
        .args(["--profile", profile, "--output"])
        .arg(&package);
    if profile == "dev" {
        command.args(["--fast", "--no-strip"]);
    }
    process::run(&mut command)?;
    Ok(package)
}

/// Lays down what is not built by cargo, as it will be on the computer.
fn lay_out(workspace: &Workspace, root: &Path) -> Result<()> {
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    let manifests = workspace.root().join("manifests");
    let names = Names::read(&manifests.join("identity.json"))?;
    let filled = |template: &str| -> Result<String> {
        let path = manifests.join(template);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(names.fill(&text))
    };
    let host = format!("{}.json", names.of("hostName")?);
    let chromium = filled("native-messaging/chromium.json")?;
    for folder in CHROMIUM_MANIFESTS {
        write(&root.join(folder).join(&host), &chromium)?;
    }
    let firefox = filled("native-messaging/firefox.json")?;
    write(&root.join(FIREFOX_MANIFESTS).join(&host), &firefox)?;
    let module = format!("{}.json", names.of("moduleName")?);
    let firefox = filled("native-messaging/firefox-pkcs11.json")?;
    write(&root.join(FIREFOX_MODULES).join(&module), &firefox)?;
    let p11_kit = filled("p11-kit/kagibashi.module")?;
    write(
        &root.join(P11_KIT_MODULES).join("kagibashi.module"),
        &p11_kit,
    )?;
    copy(&manifests.join("policies"), &root.join(POLICIES))?;
    copy(&workspace.guide(), &root.join(GUIDE))?;
    let built = workspace.extension().join(".output");
    for (browser, folder) in [("chromium", "chrome-mv3"), ("firefox", "firefox-mv3")] {
        copy(&built.join(folder), &root.join(EXTENSIONS).join(browser))?;
    }
    let command = root.join("usr/bin/kagibashi");
    fs::create_dir_all(command.parent().context("usr/bin")?)?;
    std::os::unix::fs::symlink("../lib/kagibashi/kagibashi", command)?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a folder")?)?;
    Ok(fs::write(path, text)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    process::run(Command::new("cp").arg("-r").arg(from.join(".")).arg(to))
}

/// The names of `identity.json`.
struct Names(Vec<(String, String)>);

impl Names {
    /// Of an object of texts without escapes, a line each.
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let names = text.lines().filter_map(|line| {
            let mut quoted = line.split('"').skip(1).step_by(2);
            Some((quoted.next()?.to_owned(), quoted.next()?.to_owned()))
        });
        Ok(Self(names.collect()))
    }

    fn of(&self, name: &str) -> Result<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        Ok(&found
            .with_context(|| format!("identity.json has no {name}"))?
            .1)
    }

    fn fill(&self, template: &str) -> String {
        let mut text = template
            .replace("{hostPath}", &format!("/{PROGRAM}"))
            .replace("{modulePath}", &format!("/{MODULE}"));
        for (name, value) in &self.0 {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}
