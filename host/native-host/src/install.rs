//! Makes this program known to browsers, and takes that back.

pub mod announcement;
mod arguments;
pub mod browsers;
mod error;
mod files;
pub mod places;
mod receipt;
mod removal;
mod report;
mod texts;

#[cfg(all(unix, not(target_os = "macos")))]
#[path = "install/linux.rs"]
mod platform;
#[cfg(target_os = "macos")]
#[path = "install/macos.rs"]
mod platform;
#[cfg(windows)]
#[path = "install/windows.rs"]
mod platform;

#[cfg(test)]
pub mod made_up;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::folders::Folders;
use crate::language::Language;
use crate::manifest::Found;
pub use arguments::{InstallArgs, Targets, UninstallArgs};
use browsers::{Location, Scope};
pub use error::InstallError;
use places::Places;
use receipt::Receipt;
pub use removal::uninstall;
use report::say;
pub use report::{Deed, Entry, Report};

/// Runs `kagibashi install` at a terminal.
pub fn run_install(arguments: &InstallArgs, language: Language) -> Result<(), InstallError> {
    let computer = Computer::this()?;
    install(arguments, &computer, &mut io::stdout().lock(), language).map(drop)
}

/// Runs `kagibashi uninstall` at a terminal.
pub fn run_uninstall(arguments: &UninstallArgs, language: Language) -> Result<(), InstallError> {
    let computer = Computer::this()?;
    uninstall(arguments, &computer, &mut io::stdout().lock(), language).map(drop)
}

/// All that the installer has to know of the computer it runs on.
#[derive(Clone, Debug)]
pub struct Computer {
    /// Where things are.
    pub places: Places,
    /// Where our own files are.
    pub folders: Folders,
    /// This program.
    pub program: PathBuf,
}

impl Computer {
    /// The computer and person that this program runs on and for.
    pub fn this() -> Result<Self, InstallError> {
        Ok(Self {
            places: Places::of_user().ok_or(InstallError::NoHome)?,
            folders: Folders::of_user(),
            program: places::this_program().map_err(|_| InstallError::ProgramPath)?,
        })
    }

    fn receipt(&self, scope: Scope) -> Receipt {
        match scope {
            Scope::User => Receipt::read(&self.folders.state, scope),
            Scope::System => Receipt::read(&self.places.resolve(platform::SYSTEM_STATE), scope),
        }
    }
}

/// Makes this program known to browsers, and says so on `out`. Doing it twice
/// changes nothing.
pub fn install(
    arguments: &InstallArgs,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<Report, InstallError> {
    let targets = &arguments.targets;
    let scope = targets.scope();
    let locations = match targets.named_folder() {
        Some(location) => vec![location],
        None => locations_to_install(targets, scope, computer)?,
    };
    say_beforehand(targets, computer, out, language)?;
    let mut receipt = computer.receipt(scope);
    let mut report = Report::default();
    for location in &locations {
        let text = location
            .kind
            .render(&computer.program)
            .ok_or(InstallError::ProgramPath)?;
        let mut deed = deed_at(location, &text, language)?;
        if deed.changed() && !targets.dry_run {
            put(location, &text, targets, &mut receipt)?;
        }
        if !targets.dry_run && !matches!(deed, Deed::LeftForeign { .. }) {
            let announced =
                announcement::announce(location).map_err(InstallError::at(&location.manifest))?;
            if announced && deed == Deed::Unchanged {
                deed = Deed::Created;
            }
        }
        report.add(location, deed, targets.dry_run, out, language)?;
    }
    let end = if targets.dry_run {
        texts::rehearsed(language)
    } else {
        texts::installed(report.changed(), language)
    };
    say(out, end)?;
    Ok(report)
}

fn locations_to_install(
    targets: &Targets,
    scope: Scope,
    computer: &Computer,
) -> Result<Vec<Location>, InstallError> {
    let chosen = browsers::chosen(&targets.browser, &computer.places);
    if chosen.is_empty() {
        return Err(InstallError::NoBrowser);
    }
    let locations = browsers::locations(&chosen, scope, &computer.places);
    match chosen.first() {
        Some(variant) if locations.is_empty() => Err(InstallError::NoSystemFolder {
            browser: variant.name,
        }),
        _ => Ok(locations),
    }
}

/// What is to be done at a place, by what is there now.
fn deed_at(location: &Location, text: &str, language: Language) -> Result<Deed, InstallError> {
    let present = match fs::read(&location.manifest) {
        Ok(present) => present,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Deed::Created),
        Err(error) => return Err(InstallError::at(&location.manifest)(error)),
    };
    Ok(match Found::of_text(&present) {
        _ if present == text.as_bytes() => Deed::Unchanged,
        Found::Ours(manifest) => Deed::Replaced {
            previous: manifest.path,
        },
        Found::Foreign { name } => Deed::LeftForeign { name },
        Found::Damaged => Deed::Replaced {
            previous: texts::damaged(language).to_owned(),
        },
    })
}

fn put(
    location: &Location,
    text: &str,
    targets: &Targets,
    receipt: &mut Receipt,
) -> Result<(), InstallError> {
    let folder = location.manifest.parent().unwrap_or(Path::new(""));
    let made = files::make_folder(folder, location.scope).map_err(InstallError::at(folder))?;
    // A folder that was named belongs to whoever named it.
    if targets.manifest_dir.is_none() {
        receipt.add(made).map_err(InstallError::at(folder))?;
    }
    files::write(&location.manifest, text).map_err(InstallError::at(&location.manifest))
}

fn say_beforehand(
    targets: &Targets,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<(), InstallError> {
    if targets.manifest_dir.is_some() {
        return Ok(());
    }
    if !targets.system && std::env::var_os("SUDO_USER").is_some() {
        say(out, texts::for_root(language))?;
    }
    for sandboxed in browsers::sandboxed(&computer.places) {
        say(
            out,
            &texts::sandboxed(sandboxed.name, sandboxed.portal.is_some(), language),
        )?;
    }
    Ok(())
}
