//! Takes back what was installed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::arguments::UninstallArgs;
use super::browsers::{self, Location, Scope};
use super::error::InstallError;
use super::report::{Deed, Report, say};
use super::{Computer, announcement, files, texts};
use crate::folders::Folders;
use crate::language::Language;
use crate::manifest::Found;

/// Takes back what [`install`](super::install) did, and says so on `out`: manifests that are
/// ours, folders that were made for them, and the logs. With `purge` the grants
/// go too.
pub fn uninstall(
    arguments: &UninstallArgs,
    computer: &Computer,
    out: &mut dyn Write,
    language: Language,
) -> Result<Report, InstallError> {
    let targets = &arguments.targets;
    let scope = targets.scope();
    let locations = targets.named_folder().map_or_else(
        || browsers::locations(&browsers::known(&targets.browser), scope, &computer.places),
        |location| vec![location],
    );
    let mut report = Report::default();
    for location in &locations {
        let Some(deed) = removal_at(location)? else {
            continue;
        };
        if deed == Deed::Removed && !targets.dry_run {
            let failed = || InstallError::at(&location.manifest);
            announcement::withdraw(location).map_err(failed())?;
            if !announcement::is_announced_anywhere(location) {
                files::remove(&location.manifest).map_err(failed())?;
            }
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

/// What is to be removed at a place; `None` where nothing is.
fn removal_at(location: &Location) -> Result<Option<Deed>, InstallError> {
    if location.manifest.symlink_metadata().is_err() {
        // The registry may still name a file that somebody has deleted.
        let named = location.variants.iter().any(|variant| {
            announcement::announced(variant, location).as_ref() == Some(&location.manifest)
        });
        return Ok(named.then_some(Deed::Removed));
    }
    match fs::read(&location.manifest) {
        Ok(present) => Ok(Some(match Found::of_text(&present) {
            Found::Foreign { name } => Deed::LeftForeign { name },
            Found::Ours(_) | Found::Damaged => Deed::Removed,
        })),
        // A link of our name that leads nowhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Deed::Removed)),
        Err(error) => Err(InstallError::at(&location.manifest)(error)),
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
    let everywhere = browsers::locations(&browsers::known(&[]), scope, &computer.places);
    let nothing_is_left = !everywhere.iter().any(|location| {
        fs::read(&location.manifest)
            .is_ok_and(|text| matches!(Found::of_text(&text), Found::Ours(_)))
    });
    // Read before anything is removed: it is one of the files that go.
    let receipt = computer.receipt(scope);
    let Folders { config, state } = &computer.folders;
    if nothing_is_left && scope == Scope::User {
        remove_logs(state);
        if arguments.purge {
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
