//! Is the PKCS#11 module there, and do browsers and other programs know it?

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::browser::is_same_file;
use super::finding::{Finding, Observation};
use super::texts;
use crate::identity::IDENTITY;
use crate::install::Computer;
use crate::install::announcement;
use crate::install::browsers::{self, Location, Scope, Variant};
use crate::install::modules;
use crate::install::places::MODULE_FILE;
use crate::install::registration::Standing;
use crate::manifest::Manifest;

/// Looks at the file, and at each place where it has to be known.
pub fn look(computer: &Computer) -> Vec<Observation> {
    let module = computer.module();
    let finding = file_finding(&module);
    let mut observations = vec![
        finding
            .seen()
            .with("file", &MODULE_FILE)
            .detail(&module.display()),
    ];
    if finding.id == texts::MODULE_MISSING.id {
        // Then nobody can use it, known or not.
        return observations;
    }
    let installed = browsers::installed(&computer.places);
    observations.extend(in_firefox(&installed, computer));
    observations.extend(in_nss(&installed, computer));
    observations.extend(in_p11_kit(computer));
    observations
}

fn file_finding(module: &Path) -> &'static Finding {
    let mut start = [0; 4];
    match File::open(module).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) if is_library(start) => &texts::MODULE_GOOD,
        Ok(()) => &texts::MODULE_DAMAGED,
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => &texts::MODULE_MISSING,
            io::ErrorKind::UnexpectedEof => &texts::MODULE_DAMAGED,
            _ => &texts::MODULE_UNREADABLE,
        },
    }
}

/// Whether a file starts as a library of this system does: PE, Mach-O for one
/// or for several processors, or ELF.
fn is_library(start: [u8; 4]) -> bool {
    if cfg!(windows) {
        start.starts_with(b"MZ")
    } else if cfg!(target_os = "macos") {
        [[0xcf, 0xfa, 0xed, 0xfe], [0xca, 0xfe, 0xba, 0xbe]].contains(&start)
    } else {
        start == *b"\x7fELF"
    }
}

fn in_firefox(installed: &[&'static Variant], computer: &Computer) -> Option<Observation> {
    let locations: Vec<Location> = [Scope::User, Scope::System]
        .into_iter()
        .flat_map(|scope| modules::in_firefox(installed, scope, &computer.places))
        .collect();
    let names = locations.first()?.names();
    let found = locations.into_iter().find_map(|mut location| {
        let variant = *location.variants.first()?;
        location.file = announcement::announced(variant, &location)?;
        Some(location)
    });
    Some(match found {
        Some(location) => at_place(&location, computer),
        None => texts::MODULE_NOT_REGISTERED.seen_at(names),
    })
}

/// Each database: it is the browser that chooses one.
fn in_nss(installed: &[&'static Variant], computer: &Computer) -> Vec<Observation> {
    modules::in_nss(installed, Scope::User, &computer.places)
        .iter()
        .map(|location| at_place(location, computer))
        .collect()
}

fn in_p11_kit(computer: &Computer) -> Option<Observation> {
    let locations: Vec<Location> = [Scope::User, Scope::System]
        .into_iter()
        .filter_map(|scope| modules::in_p11_kit(scope, &computer.places))
        .collect();
    // What a person has there goes before what is for everybody.
    let found = locations
        .iter()
        .find(|location| location.file.symlink_metadata().is_ok())
        .or(locations.first())?;
    Some(at_place(found, computer))
}

fn at_place(location: &Location, computer: &Computer) -> Observation {
    let module = computer.module();
    let standing = match fs::read(&location.file) {
        Ok(present) => location.registration.standing(&present),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Standing::Absent,
        Err(error) => {
            return texts::MODULE_REGISTRATION_UNREADABLE
                .seen_at(location.names())
                .detail(&format!("{}: {error}", location.file.display()));
        }
    };
    let observation = match standing {
        Standing::Absent => texts::MODULE_NOT_REGISTERED.seen_at(location.names()),
        Standing::Damaged => texts::MODULE_REGISTRATION_DAMAGED.seen_at(location.names()),
        Standing::Foreign { name } => texts::MODULE_REGISTRATION_FOREIGN
            .seen_at(location.names())
            .with("name", &name),
        Standing::Ours { path, manifest } => {
            let finding = if manifest.as_ref().is_some_and(is_refused) {
                &texts::MODULE_REGISTRATION_REFUSED
            } else if !is_same_file(Path::new(&path), &module) {
                &texts::MODULE_OTHER_PATH
            } else {
                &texts::MODULE_REGISTERED
            };
            finding
                .seen_at(location.names())
                .with("module", &path)
                .with("this", &module.display())
        }
    };
    observation.detail(&location.file.display())
}

fn is_refused(manifest: &Manifest) -> bool {
    manifest.connection != "pkcs11"
        || manifest.allowed_origins.is_some()
        || !manifest
            .allowed_extensions
            .as_ref()
            .is_some_and(|allowed| allowed.contains(&IDENTITY.firefox_id))
}
