//! Are there browsers, and do they know this program and the extension?

use std::fs;
use std::path::{Path, PathBuf};

use super::extension::{self, Presence};
use super::finding::Observation;
use super::texts;
use crate::identity::IDENTITY;
use crate::install::Computer;
use crate::install::announcement;
use crate::install::browsers::{self, Scope, Variant};
use crate::manifest::{Found, Kind, Manifest};

/// Looks at every browser on this computer.
pub fn look(computer: &Computer) -> Vec<Observation> {
    let installed = browsers::installed(&computer.places);
    let sandboxed = browsers::sandboxed(&computer.places);
    let mut observations = Vec::new();
    if installed.is_empty() {
        observations.push(if sandboxed.is_empty() {
            texts::BROWSER_NONE.seen()
        } else {
            let names: Vec<_> = sandboxed.iter().map(|sandboxed| sandboxed.name).collect();
            texts::BROWSER_ONLY_SANDBOXED
                .seen()
                .with("browsers", &names.join(", "))
        });
        return observations;
    }
    let names: Vec<_> = installed.iter().map(|variant| variant.name).collect();
    observations.push(
        texts::BROWSER_FOUND
            .seen()
            .with("browsers", &names.join(", ")),
    );
    observations.extend(sandboxed.iter().map(|sandboxed| {
        match sandboxed.portal {
            Some(_) => texts::BROWSER_ASKS_PERMISSION
                .seen_at(sandboxed.name)
                .with("host", &IDENTITY.host_name),
            None => texts::BROWSER_SANDBOXED.seen_at(sandboxed.name),
        }
    }));
    observations.extend(
        installed
            .iter()
            .map(|variant| registration(variant, computer)),
    );
    observations.extend(extensions(&installed, computer));
    observations
}

/// The browser reads the person's manifest before the one for everybody, and
/// only one of them.
fn registration(variant: &'static Variant, computer: &Computer) -> Observation {
    let manifest = [Scope::User, Scope::System]
        .into_iter()
        .flat_map(|scope| variant.locations(scope, &computer.places))
        .find_map(|location| announcement::announced(variant, &location));
    let Some(path) = manifest else {
        return texts::REGISTRATION_MISSING.seen_at(variant.name);
    };
    let found = match fs::read(&path) {
        Ok(text) => Found::of_host(&text),
        Err(error) => {
            return texts::REGISTRATION_UNREADABLE
                .seen_at(variant.name)
                .detail(&format!("{}: {error}", path.display()));
        }
    };
    let observation = match found {
        Found::Damaged => texts::REGISTRATION_DAMAGED.seen_at(variant.name),
        Found::Foreign { name } => texts::REGISTRATION_FOREIGN
            .seen_at(variant.name)
            .with("name", &name),
        Found::Ours(manifest) => manifest_observation(variant, &manifest, &computer.program),
    };
    observation.detail(&path.display())
}

fn manifest_observation(
    variant: &'static Variant,
    manifest: &Manifest,
    this: &Path,
) -> Observation {
    let (allowed, ours, refused) = match variant.browser.kind() {
        Kind::Chromium => (&manifest.allowed_origins, IDENTITY.chromium_origin(), false),
        Kind::Firefox => (
            &manifest.allowed_extensions,
            IDENTITY.firefox_id.clone(),
            manifest.allowed_origins.is_some(),
        ),
    };
    let program = PathBuf::from(&manifest.path);
    let finding = if refused || manifest.connection != "stdio" {
        &texts::REGISTRATION_REFUSED
    } else if !allowed
        .as_ref()
        .is_some_and(|allowed| allowed.contains(&ours))
    {
        &texts::REGISTRATION_WRONG_EXTENSION
    } else if !program.is_absolute() || !program.is_file() {
        &texts::REGISTRATION_PROGRAM_MISSING
    } else if !is_executable(&program) {
        &texts::REGISTRATION_PROGRAM_NOT_EXECUTABLE
    } else if !is_same_file(&program, this) {
        &texts::REGISTRATION_OTHER_PROGRAM
    } else {
        &texts::REGISTERED
    };
    finding
        .seen_at(variant.name)
        .with("program", &program.display())
        .with("this", &this.display())
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(program).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// Whether both are the same file, links followed.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// One browser with the extension is enough: the others may be for other things.
fn extensions(installed: &[&'static Variant], computer: &Computer) -> Vec<Observation> {
    let presences: Vec<_> = installed
        .iter()
        .map(|variant| (variant.name, extension::presence(variant, &computer.places)))
        .collect();
    let usable_somewhere = presences
        .iter()
        .any(|(_, presence)| *presence == Presence::Enabled);
    presences
        .into_iter()
        .map(|(name, presence)| {
            let finding = match presence {
                Presence::Enabled => &texts::EXTENSION_FOUND,
                Presence::NotStarted => &texts::EXTENSION_NOT_STARTED,
                Presence::Unreadable => &texts::EXTENSION_UNREADABLE,
                Presence::Missing | Presence::Disabled if usable_somewhere => {
                    &texts::EXTENSION_ELSEWHERE
                }
                Presence::Missing => &texts::EXTENSION_MISSING,
                Presence::Disabled => &texts::EXTENSION_DISABLED,
            };
            finding.seen_at(name)
        })
        .collect()
}
