//! Chromium with a throw-away home: the extension loaded, host and module
//! registered, the portals trusted.

use super::Language;
use super::scene::{Scene, portal_authorities};
use crate::process::{self, output};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands in for the person's home folder, so that Chromium's profile and
/// what `kagibashi install` writes lie where they always do, but under here.
struct Home {
    folder: PathBuf,
    /// Lies elsewhere: the names of the sockets in it must be short.
    runtime: PathBuf,
}

impl Home {
    /// A program that takes this for the person's home.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", &self.folder)
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CACHE_HOME");
        command
    }

    fn profile(&self) -> PathBuf {
        self.folder.join(".config").join("chromium")
    }

    /// Chromium reads this place of added trust before any other.
    fn certificate_database(&self) -> PathBuf {
        self.folder.join(".pki").join("nssdb")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Chromium, ready to be started.
pub struct Browser<'a> {
    home: Home,
    extension: PathBuf,
    folder: &'a Path,
}

impl<'a> Browser<'a> {
    /// Makes the throw-away home in `folder`, where the scene has left the
    /// portals' authorities.
    pub fn prepare(workspace: &Workspace, scene: &Scene, folder: &'a Path) -> Result<Self> {
        let home = Home {
            folder: folder.join("home"),
            runtime: scene.runtime_folder()?,
        };
        std::fs::create_dir_all(home.profile())?;
        trust_portals(&home, folder)?;
        register(workspace, &home)?;
        Ok(Self {
            home,
            extension: workspace.chromium_extension(),
            folder,
        })
    }

    /// Shows the portal in a window and waits until it is closed.
    pub fn show(&self, scene: &Scene, language: Language) -> Result<()> {
        let log_path = self.folder.join("chromium.log");
        let log = File::create(&log_path)?;
        let mut command = self.home.command("chromium");
        command
            .arg(format!("--load-extension={}", self.extension.display()))
            .args([
                "--no-first-run",
                "--no-default-browser-check",
                "--disable-sync",
                "--disable-background-networking",
                "--disable-component-update",
                "--password-store=basic",
            ])
            .arg(&scene.origin)
            .env("LANGUAGE", language.tag())
            .stdout(log.try_clone()?)
            .stderr(log);
        keep_access_to_display(&mut command);
        if output(Command::new("id").arg("-u")).as_deref() == Some("0") {
            // Chromium's sandbox refuses to run as root.
            command.arg("--no-sandbox");
        }
        scene.service.show_to(&mut command);
        process::run(&mut command).with_context(|| format!("more in {}", log_path.display()))
    }
}

/// The X server's key lies in the real home unless told otherwise, Wayland's
/// socket in the real runtime folder.
fn keep_access_to_display(command: &mut Command) {
    if let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR")
        && let Some(display) = std::env::var_os("WAYLAND_DISPLAY").filter(|it| !it.is_empty())
    {
        // A path that is absolute already stays as it is.
        command.env("WAYLAND_DISPLAY", Path::new(&runtime).join(display));
    }
    let key = std::env::home_dir().map(|home| home.join(".Xauthority"));
    if let Some(key) = key.filter(|key| key.exists())
        && std::env::var_os("XAUTHORITY").is_none()
    {
        command.env("XAUTHORITY", key);
    }
}

fn trust_portals(home: &Home, folder: &Path) -> Result<()> {
    let database = home.certificate_database();
    std::fs::create_dir_all(&database)?;
    let certutil = |arguments: &[&str]| -> Result<()> {
        process::run_quietly(
            Command::new("certutil")
                .arg("-d")
                .arg(format!("sql:{}", database.display()))
                .args(arguments),
        )
        .context("making the throw-away profile trust the portals")
    };
    certutil(&["-N", "--empty-password"])?;
    for authority in portal_authorities(folder) {
        let authority = authority.display().to_string();
        // One nickname: the authorities have one name, and differ in keys.
        let nickname = "Kagibashi demo portal";
        certutil(&["-A", "-n", nickname, "-t", "C,,", "-i", &authority])?;
    }
    Ok(())
}

/// Host and module: the latter lies beside the program, and is entered into
/// the database that the trust has been put into.
fn register(workspace: &Workspace, home: &Home) -> Result<()> {
    process::run_quietly(home.command(workspace.program("kagibashi")).args([
        "install",
        "--browser",
        "chromium",
    ]))
}
