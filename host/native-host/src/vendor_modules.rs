//! PKCS#11 modules of other makers that the person has added, and the tokens
//! that they offer beside our own.
//!
//! Nothing but what a person has added is ever loaded, and that in a process of
//! its own.

mod file;
mod refusal;
mod suggestion;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use kagibashi_card::cancel::Cancel;
use kagibashi_token::driver::pkcs11::{Limits, ModuleLook, check_file};
use kagibashi_token::{
    ModuleSettings, ModuleTrouble, Modules, PublicCache, TokenError, Tokens, WorkerProgram,
};

pub use file::{MODULES_MAX, ModulesFile};
pub use refusal::ModuleRefusal;
pub use suggestion::Suggestion;

use crate::folders::Folders;

/// The hidden command that runs one module.
const WORKER_COMMAND: &str = "module-worker";

/// Characters of a name.
const NAME_MAX: usize = 32;

/// Shared by all threads of this program: each module has one process.
static MODULES: LazyLock<Modules> = LazyLock::new(Modules::none);

/// The modules as their file has them now.
pub fn modules() -> Modules {
    // Who has read the file earlier must not have the last word.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = file().settings();
    MODULES.configure(&worker(), Limits::default(), &settings);
    MODULES.clone()
}

/// A connection to the smart card service and to the modules, with what was
/// noted of tokens before.
pub fn tokens() -> Result<Tokens, TokenError> {
    let notes = PublicCache::in_folder(&Folders::of_user().state);
    Ok(Tokens::connect_with(&modules())?.with_cache(notes))
}

/// Whether the person wants the token in that reader of a module even where our
/// own driver serves it, too; as the modules were last looked up.
pub fn is_before_own(reader: &str) -> bool {
    MODULES.is_before_own(reader)
}

/// The file in which they are.
pub fn file() -> ModulesFile {
    ModulesFile::in_folder(&Folders::of_user().config)
}

/// Modules that are on this computer and have not been added.
pub fn suggestions() -> Result<Vec<Suggestion>, ModuleRefusal> {
    let added: Vec<PathBuf> = file().read()?.into_iter().map(|it| it.path).collect();
    let settings = Folders::of_user().config;
    let settings = settings.parent().unwrap_or(&settings);
    Ok(suggestion::all(&root(), settings, &added))
}

/// The root of the system, or the drive that this program is on.
fn root() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.ancestors()
        .last()
        .map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

/// Looks whether the module can be used, and adds it. Without a name it gets
/// that of its file.
pub fn add(path: &Path, name: Option<&str>) -> Result<ModuleLook, ModuleRefusal> {
    let file = file();
    let mut all = file.read()?;
    let real = check_file(path).map_err(ModuleTrouble::from)?;
    let name = name.map_or_else(|| name_of(path), str::to_owned);
    if !is_name(&name) {
        return Err(ModuleRefusal::Name);
    }
    let same = |known: &&ModuleSettings| {
        known.name == name || check_file(&known.path).is_ok_and(|other| other == real)
    };
    if let Some(known) = all.iter().find(same) {
        return Err(ModuleRefusal::Known(known.name.clone()));
    }
    if all.len() >= MODULES_MAX {
        return Err(ModuleRefusal::TooMany);
    }
    let settings = ModuleSettings {
        name,
        path: path.to_owned(),
        before_own: false,
    };
    let look = look(&settings)?;
    look.found.clone()?;
    all.push(settings);
    file.write(&all)?;
    Ok(look)
}

/// Takes a module out of use. Its file stays where it is.
pub fn remove(name: &str) -> Result<(), ModuleRefusal> {
    let file = file();
    let mut all = file.read()?;
    let before = all.len();
    all.retain(|module| module.name != name);
    if all.len() == before {
        return Err(ModuleRefusal::Unknown);
    }
    Ok(file.write(&all)?)
}

/// Has a module serve the tokens that our own driver serves, too, or not.
pub fn prefer(name: &str, before_own: bool) -> Result<(), ModuleRefusal> {
    let file = file();
    let mut all = file.read()?;
    let module = all.iter_mut().find(|module| module.name == name);
    module.ok_or(ModuleRefusal::Unknown)?.before_own = before_own;
    Ok(file.write(&all)?)
}

/// Loads a module and looks at what it offers.
fn look(settings: &ModuleSettings) -> Result<ModuleLook, ModuleTrouble> {
    let alone = Modules::none();
    alone.configure(&worker(), Limits::default(), std::slice::from_ref(settings));
    let looks = alone.look(&Cancel::new());
    looks.into_iter().next().ok_or(ModuleTrouble::Rubbish)
}

fn worker() -> WorkerProgram {
    WorkerProgram {
        program: own_program(),
        arguments: vec![OsString::from(WORKER_COMMAND)],
    }
}

/// This very program, also after an update has put another version in its
/// place: the two must understand each other.
fn own_program() -> PathBuf {
    const RUNNING: &str = "/proc/self/exe";
    match std::env::current_exe() {
        Ok(program) if program.exists() => program,
        _ if cfg!(target_os = "linux") => PathBuf::from(RUNNING),
        _ => PathBuf::from("kagibashi"),
    }
}

/// Names begin the names of readers, and stand before a colon there.
fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.chars().count())
        && name.trim() == name
        && name.chars().all(fits_name)
}

fn fits_name(letter: char) -> bool {
    letter.is_alphanumeric() || " ._-".contains(letter)
}

/// `libvendor11` of `/usr/lib/libvendor11.so.1.2`.
fn name_of(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.split('.').next().unwrap_or_default();
    let letters = stem.chars().filter(|&letter| fits_name(letter));
    let name: String = letters.take(NAME_MAX).collect();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_before_a_colon() {
        for good in ["a", "OpenSC", "eToken 5110", "jpki_2.0", "個人番号カード"] {
            assert!(is_name(good), "{good}");
        }
        let long = "a".repeat(33);
        for bad in [
            "",
            " ",
            " a",
            "a ",
            "a: b",
            "a/b",
            "a\n",
            "a\u{202e}b",
            &long,
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert_eq!(
            name_of(Path::new("/usr/lib/libvendor11.so.1.2")),
            "libvendor11"
        );
        assert_eq!(name_of(Path::new("/opt/vendor+(2) x.so")), "vendor2 x");
    }
}
