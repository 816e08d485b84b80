//! Is the extension in a browser's profiles?
//!
//! The formats are the browsers' own and have no document: what is read here was
//! seen in Chromium 156 and Firefox 153. What does not look like that is
//! reported as unknown, never as good.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::identity::IDENTITY;
use crate::install::browsers::Variant;
use crate::install::places::Places;
use crate::manifest::Kind;

/// No browser's settings are as large; more is not read.
const SETTINGS_MAX: u64 = 64 << 20;

/// How it stands with the extension in one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// The browser has no profile yet.
    NotStarted,
    /// In no profile.
    Missing,
    /// There are settings that cannot be read.
    Unreadable,
    /// In a profile, but switched off.
    Disabled,
    /// In at least one profile, and switched on.
    Enabled,
}

/// Looks into all profiles; the best of them counts.
pub fn presence(variant: &Variant, places: &Places) -> Presence {
    variant
        .profiles
        .iter()
        .map(|&profiles| places.resolve(profiles))
        .flat_map(|folder| match variant.browser.kind() {
            Kind::Chromium => chromium_profiles(&folder),
            Kind::Firefox => firefox_profiles(&folder),
        })
        .map(|profile| match variant.browser.kind() {
            Kind::Chromium => in_chromium(&profile),
            Kind::Firefox => in_firefox(&profile),
        })
        .max()
        .unwrap_or(Presence::NotStarted)
}

/// The folders `Default`, `Profile 1` and so on; in older Operas the folder
/// itself.
fn chromium_profiles(folder: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    std::iter::once(folder.to_owned())
        .chain(inside)
        .filter(|profile| profile.join("Preferences").is_file())
        .collect()
}

/// On some systems the list is in the file that Chromium protects with a code,
/// on others (Debian's Chromium) in the plain one.
fn in_chromium(profile: &Path) -> Presence {
    ["Preferences", "Secure Preferences"]
        .into_iter()
        .map(|file| match read(&profile.join(file)) {
            Content::Absent => Presence::Missing,
            Content::Unreadable => Presence::Unreadable,
            Content::Json(preferences) => {
                chromium_entry(&preferences["extensions"]["settings"][&IDENTITY.chromium_id])
            }
        })
        .max()
        .unwrap_or(Presence::Missing)
}

fn chromium_entry(entry: &Value) -> Presence {
    // What is left of an extension that was removed has no folder.
    if entry["path"].as_str().is_none() {
        return Presence::Missing;
    }
    let reasons = &entry["disable_reasons"];
    let no_reason = match reasons {
        Value::Null => true,
        Value::Array(reasons) => reasons.is_empty(),
        // Before Chromium 135, a set of bits.
        reasons => reasons.as_u64() == Some(0),
    };
    let switched_on = matches!(entry["state"].as_u64(), None | Some(1));
    if no_reason && switched_on {
        Presence::Enabled
    } else {
        Presence::Disabled
    }
}

fn firefox_profiles(folder: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(folder.join("profiles.ini")).unwrap_or_default();
    list.lines()
        .filter_map(|line| line.trim().strip_prefix("Path="))
        // An absolute path stays one.
        .map(|path| folder.join(path))
        .filter(|profile| profile.join("prefs.js").is_file())
        .collect()
}

fn in_firefox(profile: &Path) -> Presence {
    let addons = match read(&profile.join("extensions.json")) {
        Content::Absent => return Presence::Missing,
        Content::Unreadable => return Presence::Unreadable,
        Content::Json(Value::Object(mut extensions)) => extensions.remove("addons"),
        Content::Json(_) => None,
    };
    let Some(Value::Array(addons)) = addons else {
        return Presence::Unreadable;
    };
    match addons
        .iter()
        .find(|addon| addon["id"] == IDENTITY.firefox_id.as_str())
    {
        None => Presence::Missing,
        Some(addon) if addon["active"] == true => Presence::Enabled,
        Some(_) => Presence::Disabled,
    }
}

enum Content {
    Absent,
    Unreadable,
    Json(Value),
}

fn read(path: &Path) -> Content {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Content::Absent,
        Err(_) => return Content::Unreadable,
    };
    let mut text = Vec::new();
    match file.take(SETTINGS_MAX).read_to_end(&mut text) {
        Ok(_) => serde_json::from_slice(&text).map_or(Content::Unreadable, Content::Json),
        Err(_) => Content::Unreadable,
    }
}
