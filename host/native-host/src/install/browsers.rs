//! The browsers that can be served, and which of them are on this computer.
//!
//! What is known of each system's folders is a table of its own: `linux.rs`,
//! `macos.rs`, `windows.rs`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::places::{Places, Under};
use super::platform::{SANDBOXED, VARIANTS, manifest_file_name};
use super::registration::Registration;
use crate::manifest::Kind;

/// A browser by the name that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Browser {
    /// Google Chrome
    Chrome,
    /// Chromium
    Chromium,
    /// Microsoft Edge
    Edge,
    /// Brave
    Brave,
    /// Vivaldi
    Vivaldi,
    /// Opera
    Opera,
    /// Firefox
    Firefox,
}

impl Browser {
    /// The manifest that it understands.
    pub fn kind(self) -> Kind {
        match self {
            Self::Firefox => Kind::Firefox,
            _ => Kind::Chromium,
        }
    }
}

/// For whom a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The person who runs this program.
    User,
    /// Everybody on this computer.
    System,
}

/// A browser in one of its channels.
#[derive(Debug)]
pub struct Variant {
    /// The browser.
    pub browser: Browser,
    /// Its name, such as `Google Chrome Beta`.
    pub name: &'static str,
    /// Where the program may be.
    pub programs: &'static [Under],
    /// Where its profiles may be. A browser that was started once has left its
    /// mark there.
    pub profiles: &'static [Under],
    /// The folder of manifests for one person.
    pub user: Under,
    /// The folders of manifests for everybody: the first, and each other one
    /// whose parent is there. Empty where none is known.
    pub system: &'static [Under],
}

/// A browser in a box of its own, out of which it cannot start programs.
#[derive(Debug)]
pub struct Sandboxed {
    /// Its name, such as `Chromium (Snap)`.
    pub name: &'static str,
    /// Where it is when it is installed.
    pub folders: &'static [Under],
    /// The desktop starts native messaging hosts for it, from the manifests of
    /// this browser outside the box.
    pub portal: Option<Browser>,
}

/// A file in which a program looks for us.
#[derive(Clone, Debug)]
pub struct Location {
    /// The browsers that look there; several may share a file.
    pub variants: Vec<&'static Variant>,
    /// For whom.
    pub scope: Scope,
    /// What is put there.
    pub registration: Registration,
    /// The file.
    pub file: PathBuf,
}

impl Variant {
    /// Whether it is on this computer.
    pub fn is_installed(&self, places: &Places) -> bool {
        self.programs
            .iter()
            .any(|&program| is_program(&places.resolve(program)))
            || self.was_started(places)
            || SANDBOXED.iter().any(|sandboxed| {
                sandboxed.portal == Some(self.browser) && sandboxed.is_installed(places)
            })
    }

    /// Whether this person has used it.
    pub fn was_started(&self, places: &Places) -> bool {
        let mark = match self.browser.kind() {
            Kind::Chromium => "Local State",
            Kind::Firefox => "profiles.ini",
        };
        self.profiles
            .iter()
            .any(|&profiles| places.resolve(profiles).join(mark).is_file())
    }

    /// Where it looks for our manifest. The person's own file goes before the
    /// one for everybody.
    pub fn locations(&'static self, scope: Scope, places: &Places) -> Vec<Location> {
        let folders: Vec<PathBuf> = match scope {
            Scope::User => vec![places.resolve(self.user)],
            Scope::System => places.resolve_present(self.system),
        };
        let kind = self.browser.kind();
        folders
            .into_iter()
            .map(|folder| Location {
                variants: vec![self],
                scope,
                registration: Registration::Host(kind),
                file: folder.join(manifest_file_name(kind)),
            })
            .collect()
    }
}

impl Sandboxed {
    /// Whether it is on this computer.
    pub fn is_installed(&self, places: &Places) -> bool {
        self.folders
            .iter()
            .any(|&folder| places.resolve(folder).exists())
    }
}

impl Location {
    /// Who looks there, such as `Google Chrome, Brave`.
    pub fn names(&self) -> String {
        if self.registration == Registration::P11KitModule {
            return "p11-kit".to_owned();
        }
        let mut readers: Vec<&Variant> = Vec::new();
        for variant in &self.variants {
            // The channels of a browser that share a file are named as one.
            if !readers
                .iter()
                .any(|reader| reader.browser == variant.browser)
            {
                readers.push(variant);
            }
        }
        let names: Vec<_> = readers.iter().map(|variant| variant.name).collect();
        names.join(", ")
    }
}

/// The browsers on this computer.
pub fn installed(places: &Places) -> Vec<&'static Variant> {
    VARIANTS
        .iter()
        .filter(|variant| variant.is_installed(places))
        .collect()
}

/// The browsers in boxes of their own on this computer.
pub fn sandboxed(places: &Places) -> Vec<&'static Sandboxed> {
    SANDBOXED
        .iter()
        .filter(|sandboxed| sandboxed.is_installed(places))
        .collect()
}

/// The browsers to serve: those of the given names, or all that are installed.
/// A browser that was asked for by name is served before it is there.
pub fn chosen(names: &[Browser], places: &Places) -> Vec<&'static Variant> {
    let installed = installed(places);
    if names.is_empty() {
        return installed;
    }
    let mut chosen: Vec<&'static Variant> = Vec::new();
    for &name in names {
        let before = chosen.len();
        chosen.extend(installed.iter().filter(|variant| variant.browser == name));
        if chosen.len() == before {
            chosen.extend(VARIANTS.iter().find(|variant| variant.browser == name));
        }
    }
    chosen
}

/// All places where browsers may have our manifest, used or not; of the given
/// names only, if there are any.
pub fn known(names: &[Browser]) -> Vec<&'static Variant> {
    VARIANTS
        .iter()
        .filter(|variant| names.is_empty() || names.contains(&variant.browser))
        .collect()
}

/// The files for several browsers, each file once.
pub fn locations(variants: &[&'static Variant], scope: Scope, places: &Places) -> Vec<Location> {
    let mut all: Vec<Location> = Vec::new();
    for location in variants
        .iter()
        .flat_map(|variant| variant.locations(scope, places))
    {
        match all.iter_mut().find(|known| known.file == location.file) {
            Some(known) => known.variants.extend(location.variants),
            None => all.push(location),
        }
    }
    all
}

/// A file of that name which is the browser itself: Ubuntu's packages `firefox`
/// and `chromium-browser` are scripts that start the Snap.
fn is_program(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let mut start = Vec::new();
    if !file.metadata().is_ok_and(|metadata| metadata.is_file())
        || file.take(4096).read_to_end(&mut start).is_err()
    {
        return false;
    }
    !(start.starts_with(b"#!") && start.windows(6).any(|window| window == b"/snap/"))
}
