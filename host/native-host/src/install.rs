//! Makes this program known to browsers, and takes that back.

pub mod announcement;
mod arguments;
pub mod browsers;
pub mod certificate_databases;
mod error;
mod files;
pub mod modules;
mod nss;
mod p11_kit;
pub mod places;
mod receipt;
pub mod registration;
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
pub use arguments::{InstallArgs, Targets, UninstallArgs};
use browsers::{Location, Scope, Variant};
pub use error::InstallError;
use places::Places;
use receipt::Receipt;
use registration::Standing;
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

    /// The PKCS#11 module, there or not.
    pub fn module(&self) -> PathBuf {
        self.program.with_file_name(places::MODULE_FILE)
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
    let variants = variants_to_serve(targets, computer)?;
    let locations = match targets.named_folder() {
        Some(location) => vec![location],
        None => locations_to_install(&variants, targets, computer)?,
    };
    say_beforehand(targets, computer, out, language)?;
    let mut receipt = computer.receipt(scope);
    let mut report = Report::default();
    for location in &locations {
        let (mut deed, content) = plan_at(location, computer, language)?;
        if deed.changed() && !targets.dry_run {
            put(location, &content, targets, &mut receipt)?;
        }
        if !targets.dry_run && !matches!(deed, Deed::LeftForeign { .. }) {
            let announced =
                announcement::announce(location).map_err(InstallError::at(&location.file))?;
            if announced && deed == Deed::Unchanged {
                deed = Deed::Created;
            }
        }
        report.add(location, deed, targets.dry_run, out, language)?;
    }
    if targets.manifest_dir.is_none() {
        say_of_module(&variants, scope, computer, out, language)?;
    }
    let end = if targets.dry_run {
        texts::rehearsed(language)
    } else {
        texts::installed(report.changed(), language)
    };
    say(out, end)?;
    Ok(report)
}

/// The browsers to serve; none where a folder was named instead.
fn variants_to_serve(
    targets: &Targets,
    computer: &Computer,
) -> Result<Vec<&'static Variant>, InstallError> {
    if targets.manifest_dir.is_some() {
        return Ok(Vec::new());
    }
    let chosen = browsers::chosen(&targets.browser, &computer.places);
    if chosen.is_empty() {
        return Err(InstallError::NoBrowser);
    }
    Ok(chosen)
}

fn locations_to_install(
    chosen: &[&'static Variant],
    targets: &Targets,
    computer: &Computer,
) -> Result<Vec<Location>, InstallError> {
    let scope = targets.scope();
    let mut locations = browsers::locations(chosen, scope, &computer.places);
    if let (Some(variant), true) = (chosen.first(), locations.is_empty()) {
        return Err(InstallError::NoSystemFolder {
            browser: variant.name,
        });
    }
    if computer.module().is_file() {
        locations.extend(modules::locations(
            chosen,
            &targets.browser,
            scope,
            &computer.places,
        ));
    }
    Ok(locations)
}

/// What is to be done at a place, by what is there now, and the content that
/// the file gets.
fn plan_at(
    location: &Location,
    computer: &Computer,
    language: Language,
) -> Result<(Deed, Vec<u8>), InstallError> {
    let Location {
        registration, file, ..
    } = location;
    let present = match fs::read(file) {
        Ok(present) => Some(present),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(InstallError::at(file)(error)),
    };
    let content = registration
        .render(&registration.target(computer), file, present.as_deref())
        .ok_or(InstallError::ProgramPath)?;
    let deed = match present {
        None => Deed::Created,
        Some(present) if present == content => Deed::Unchanged,
        Some(present) => match registration.standing(&present) {
            Standing::Absent => Deed::Entered,
            Standing::Ours { path, .. } => Deed::Replaced { previous: path },
            Standing::Foreign { name } => Deed::LeftForeign { name },
            Standing::Damaged => Deed::Replaced {
                previous: texts::damaged(language).to_owned(),
            },
        },
    };
    Ok((deed, content))
}

fn put(
    location: &Location,
    content: &[u8],
    targets: &Targets,
    receipt: &mut Receipt,
) -> Result<(), InstallError> {
    let file = &location.file;
    let folder = file.parent().unwrap_or(Path::new(""));
    let made = files::make_folder(folder, location.scope).map_err(InstallError::at(folder))?;
    // A folder that was named belongs to whoever named it.
    if targets.manifest_dir.is_none() {
        receipt.add(made).map_err(InstallError::at(folder))?;
    }
    if !location.registration.is_shared() {
        return files::write(file, content).map_err(InstallError::at(file));
    }
    if !file.exists() {
        receipt
            .add_shared_file(file)
            .map_err(InstallError::at(file))?;
    }
    files::write_shared(file, content).map_err(InstallError::at(file))
}

/// What the list of files does not say.
fn say_of_module(
    variants: &[&'static Variant],
    scope: Scope,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<(), InstallError> {
    let module = computer.module();
    if !module.is_file() {
        return say(out, &texts::no_module(&module, language));
    }
    let is_personal = !modules::in_nss(variants, Scope::User, &computer.places).is_empty();
    if scope == Scope::System && is_personal {
        say(out, texts::module_is_personal(language))?;
    }
    Ok(())
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
