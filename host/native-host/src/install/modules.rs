//! Where the PKCS#11 module is registered.

use std::path::PathBuf;

use super::browsers::{Browser, Location, Scope, Variant};
use super::places::{Places, Under};
use super::platform::MODULE_PLACES;
use super::registration::Registration;
use super::{nss, p11_kit};
use crate::identity::IDENTITY;
use crate::manifest::Kind;

/// Where one system's programs look for modules.
#[derive(Debug)]
pub struct ModulePlaces {
    /// Firefox's folder of manifests for one person.
    pub firefox_user: Under,
    /// Its folders for everybody: the first, and each other one whose parent is
    /// there.
    pub firefox_system: &'static [Under],
    /// The databases that Chromium may use, the one that it makes last; empty
    /// where it uses none.
    pub nss_databases: &'static [Under],
    /// p11-kit's folder for one person, where there is one.
    pub p11_kit_user: Option<Under>,
    /// p11-kit's folder for everybody.
    pub p11_kit_system: Option<Under>,
}

/// All places for these browsers. Programs that are none are served when no
/// browser was named.
pub fn locations(
    variants: &[&'static Variant],
    names: &[Browser],
    scope: Scope,
    places: &Places,
) -> Vec<Location> {
    let mut locations = in_firefox(variants, scope, places);
    locations.extend(in_nss(variants, scope, places));
    if names.is_empty() {
        locations.extend(in_p11_kit(scope, places));
    }
    locations
}

/// Firefox looks for the manifest when the extension asks for the module.
pub fn in_firefox(variants: &[&'static Variant], scope: Scope, places: &Places) -> Vec<Location> {
    let firefoxes = of_kind(Kind::Firefox, variants);
    if firefoxes.is_empty() {
        return Vec::new();
    }
    let folders = match scope {
        Scope::User => vec![places.resolve(MODULE_PLACES.firefox_user)],
        Scope::System => places.resolve_present(MODULE_PLACES.firefox_system),
    };
    folders
        .into_iter()
        .map(|folder| Location {
            variants: firefoxes.clone(),
            scope,
            registration: Registration::FirefoxModule,
            file: folder.join(format!("{}.json", IDENTITY.module_name)),
        })
        .collect()
}

/// Chromium 156 uses the first of the databases that is there and makes the
/// last when there is none. Older ones and Chrome may use another than that, so
/// all are served. There is no database for everybody.
pub fn in_nss(variants: &[&'static Variant], scope: Scope, places: &Places) -> Vec<Location> {
    let chromiums = of_kind(Kind::Chromium, variants);
    if chromiums.is_empty() || scope == Scope::System {
        return Vec::new();
    }
    nss_databases(places)
        .into_iter()
        .map(|database| Location {
            variants: chromiums.clone(),
            scope,
            registration: Registration::NssModule,
            file: database.join(nss::FILE),
        })
        .collect()
}

/// The folders of Chromium's databases that are there, else of the one that it
/// would make.
pub fn nss_databases(places: &Places) -> Vec<PathBuf> {
    let all: Vec<PathBuf> = MODULE_PLACES
        .nss_databases
        .iter()
        .map(|&database| places.resolve(database))
        .collect();
    let mut databases: Vec<PathBuf> = all
        .iter()
        .filter(|database| database.is_dir())
        .cloned()
        .collect();
    if databases.is_empty() {
        databases.extend(all.last().cloned());
    }
    databases
}

/// Programs such as curl, by way of `GnuTLS`.
pub fn in_p11_kit(scope: Scope, places: &Places) -> Option<Location> {
    let folder: Option<Under> = match scope {
        Scope::User => MODULE_PLACES.p11_kit_user,
        Scope::System => MODULE_PLACES.p11_kit_system,
    };
    Some(Location {
        variants: Vec::new(),
        scope,
        registration: Registration::P11KitModule,
        file: places.resolve(folder?).join(p11_kit::FILE),
    })
}

fn of_kind(kind: Kind, variants: &[&'static Variant]) -> Vec<&'static Variant> {
    variants
        .iter()
        .copied()
        .filter(|variant| variant.browser.kind() == kind)
        .collect()
}
