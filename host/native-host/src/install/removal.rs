//! Takes back what was installed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use kagibashi_token::PublicCache;

use super::arguments::UninstallArgs;
use super::browsers::{self, Browser, Location, Scope, Variant};
use super::error::InstallError;
use super::nss::{self, ModuleList};
use super::receipt::Receipt;
use super::registration::Standing;
use super::report::{Deed, Report, say};
use super::{Computer, announcement, files, modules, texts};
use crate::folders::Folders;
use crate::inventory::LastSeen;
use crate::language::Language;
use crate::manifest::Kind;
use crate::trust::Trust;

/// Takes back what [`install`](super::install) did, and says so on `out`: manifests that are
/// ours, entries of the module, folders that were made for them, the logs, and
/// the notes of the tokens that were seen. With `purge` the grants and the trust
/// in authorities go too.
pub fn uninstall(
    arguments: &UninstallArgs,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<Report, InstallError> {
    let targets = &arguments.targets;
    let scope = targets.scope();
    let locations = targets.named_folder().map_or_else(
        || locations_to_clear(&targets.browser, scope, computer),
        |location| vec![location],
    );
    let receipt = computer.receipt(scope);
    let mut report = Report::default();
    for location in &locations {
        let Some(deed) = removal_at(location, &receipt)? else {
            continue;
        };
        if !targets.dry_run {
            take(location, &deed).map_err(InstallError::at(&location.file))?;
        }
        report.add(location, deed, targets.dry_run, out, language)?;
    }
    if targets.dry_run {
        say(out, texts::rehearsed(language))?;
        return Ok(report);
    }
    if targets.manifest_dir.is_none() {
        remove_own_files(arguments, scope, computer, out, language)?;
    }
    say(out, texts::uninstalled(report.changed(), language))?;
    Ok(report)
}

/// All places of these browsers, or of all. A list of modules that another
/// browser of the family reads is left to it as long as it knows the host.
fn locations_to_clear(names: &[Browser], scope: Scope, computer: &Computer) -> Vec<Location> {
    let places = &computer.places;
    let known = browsers::known(names);
    let others: Vec<&'static Variant> = browsers::known(&[])
        .into_iter()
        .filter(|variant| !names.is_empty() && !names.contains(&variant.browser))
        .filter(|variant| variant.browser.kind() == Kind::Chromium)
        .collect();
    let list_is_needed = browsers::locations(&others, scope, places)
        .iter()
        .any(is_ours);
    let mut locations = browsers::locations(&known, scope, places);
    locations.extend(
        modules::locations(&known, names, scope, places)
            .into_iter()
            .filter(|location| !(location.registration.is_shared() && list_is_needed)),
    );
    locations
}

fn is_ours(location: &Location) -> bool {
    fs::read(&location.file).is_ok_and(|present| {
        matches!(
            location.registration.standing(&present),
            Standing::Ours { .. }
        )
    })
}

/// What is to be removed at a place; `None` where nothing is.
fn removal_at(location: &Location, receipt: &Receipt) -> Result<Option<Deed>, InstallError> {
    let Location {
        registration, file, ..
    } = location;
    if file.symlink_metadata().is_err() {
        // The registry may still name a file that somebody has deleted.
        let named = location
            .variants
            .iter()
            .any(|variant| announcement::announced(variant, location).as_ref() == Some(file));
        return Ok(named.then_some(Deed::Removed));
    }
    match fs::read(file) {
        Ok(present) => Ok(match registration.standing(&present) {
            Standing::Absent => None,
            Standing::Foreign { name } => Some(Deed::LeftForeign { name }),
            Standing::Ours { .. } if registration.is_shared() => {
                let ours_alone = receipt.has_shared_file(file) && nobody_uses(file, &present);
                Some(if ours_alone {
                    Deed::Removed
                } else {
                    Deed::TakenOut
                })
            }
            Standing::Ours { .. } | Standing::Damaged => Some(Deed::Removed),
        }),
        // A link of our name that leads nowhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok((!registration.is_shared()).then_some(Deed::Removed))
        }
        Err(error) => Err(InstallError::at(file)(error)),
    }
}

/// Whether a database that we made is as we made it: a browser that has used
/// it has put its keys and certificates beside the list.
fn nobody_uses(list: &Path, present: &[u8]) -> bool {
    let Some(folder) = list.parent() else {
        return false;
    };
    let others = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.path() != list);
    !others && nss::new_list(folder).is_some_and(|new| new == ModuleList(present).without_us())
}

fn take(location: &Location, deed: &Deed) -> io::Result<()> {
    let file = &location.file;
    match deed {
        Deed::Removed => {
            announcement::withdraw(location)?;
            if !announcement::is_announced_anywhere(location) {
                files::remove(file)?;
            }
            Ok(())
        }
        Deed::TakenOut => {
            let rest = ModuleList(&fs::read(file)?).without_us();
            files::write_shared(file, &rest)
        }
        Deed::Created
        | Deed::Replaced { .. }
        | Deed::Unchanged
        | Deed::LeftForeign { .. }
        | Deed::Entered => Ok(()),
    }
}

/// Removes what this program has noted for itself, once no browser knows it any
/// more.
fn remove_own_files(
    arguments: &UninstallArgs,
    scope: Scope,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<(), InstallError> {
    let nothing_is_left = !locations_to_clear(&[], scope, computer).iter().any(is_ours);
    // Read before anything is removed: it is one of the files that go.
    let receipt = computer.receipt(scope);
    let Folders { config, state } = &computer.folders;
    if nothing_is_left && scope == Scope::User {
        remove_logs(state);
        drop(files::remove(LastSeen::in_folder(state).path()));
        PublicCache::in_folder(state).clear();
        if arguments.purge {
            // What undoing it takes is in the folder that goes.
            Trust::of_user(state)
                .take_all_back()
                .map_err(io::Error::other)
                .map_err(InstallError::at(state))?;
            remove_tree(config).map_err(InstallError::at(config))?;
            remove_tree(state).map_err(InstallError::at(state))?;
        } else if config.exists() && !files::remove_empty_folder(config) {
            say(out, &texts::kept(config, language))?;
        }
    }
    receipt
        .redeem(nothing_is_left)
        .map_err(InstallError::at(state))?;
    if nothing_is_left && scope == Scope::User {
        for folder in [state, config] {
            remove_empty_folders(folder, &computer.places.home);
        }
    }
    Ok(())
}

/// A log that is still being written cannot be removed on Windows; that is no
/// reason to stop.
fn remove_logs(state: &Path) {
    for file in fs::read_dir(state).into_iter().flatten().flatten() {
        let path = file.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            drop(files::remove(&path));
        }
    }
}

/// Removes a folder of ours and those it was made in, such as `~/.local/state`,
/// as far as they are empty.
fn remove_empty_folders(folder: &Path, home: &Path) {
    for folder in folder
        .ancestors()
        .take_while(|folder| *folder != home && folder.starts_with(home))
    {
        if !files::remove_empty_folder(folder) {
            break;
        }
    }
}

fn remove_tree(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(error),
        _ => Ok(()),
    }
}
