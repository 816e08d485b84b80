//! The NSS databases in which browsers look for certificates that a person has
//! decided on.

use std::fs;
use std::path::{Path, PathBuf};

use super::modules;
use super::places::Places;
use super::platform::VARIANTS;
use crate::manifest::Kind;

/// The file that a database's certificates are in.
pub const CERTIFICATES: &str = "cert9.db";

/// The folders of Chromium's databases, or the one that it would make, and of
/// each Firefox profile. Firefox makes its own with the profile.
pub fn of_user(places: &Places) -> Vec<PathBuf> {
    let mut folders = modules::nss_databases(places);
    let firefoxes = VARIANTS
        .iter()
        .filter(|variant| variant.browser.kind() == Kind::Firefox);
    for &profiles in firefoxes.flat_map(|variant| variant.profiles) {
        folders.extend(profiles_in(&places.resolve(profiles)));
    }
    folders
}

fn profiles_in(folder: &Path) -> Vec<PathBuf> {
    let beside = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut profiles: Vec<PathBuf> = beside.map(|entry| entry.path()).collect();
    // Profiles elsewhere are noted with their whole path.
    let list = fs::read_to_string(folder.join("profiles.ini")).unwrap_or_default();
    let elsewhere = list.lines().filter_map(|line| line.strip_prefix("Path="));
    profiles.extend(
        elsewhere
            .map(PathBuf::from)
            .filter(|path| path.is_absolute()),
    );
    profiles.retain(|profile| profile.join(CERTIFICATES).is_file());
    profiles.sort();
    profiles.dedup();
    profiles
}
