//! The file of the modules that the person has added. It is read anew each
//! time, as several browsers' hosts share it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kagibashi_token::ModuleSettings;
use serde::{Deserialize, Serialize};

const FILE: &str = "modules.json";

/// More are not used: each is a process.
pub const MODULES_MAX: usize = 8;

/// The file of modules.
#[derive(Clone, Debug)]
pub struct ModulesFile {
    file: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    modules: Vec<KeptModule>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptModule {
    name: String,
    path: PathBuf,
    #[serde(default)]
    before_own_driver: bool,
}

impl ModulesFile {
    /// Kept in that folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            file: folder.join(FILE),
        }
    }

    /// The modules of the file. One that can't be read or understood has none.
    pub fn settings(&self) -> Vec<ModuleSettings> {
        let kept = self.read().unwrap_or_else(|error| {
            tracing::warn!(%error, "the file of modules can't be read");
            Vec::new()
        });
        kept.into_iter().take(MODULES_MAX).collect()
    }

    /// The same, where a file that can't be read or understood is an error.
    pub fn read(&self) -> io::Result<Vec<ModuleSettings>> {
        let bytes = match fs::read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let kept: Kept = serde_json::from_slice(&bytes)?;
        Ok(kept
            .modules
            .into_iter()
            .map(|module| ModuleSettings {
                name: module.name,
                path: module.path,
                before_own: module.before_own_driver,
            })
            .collect())
    }

    /// Keeps these, and no others.
    pub fn write(&self, modules: &[ModuleSettings]) -> io::Result<()> {
        let kept = Kept {
            modules: modules
                .iter()
                .map(|module| KeptModule {
                    name: module.name.clone(),
                    path: module.path.clone(),
                    before_own_driver: module.before_own,
                })
                .collect(),
        };
        let json = serde_json::to_vec_pretty(&kept)?;
        let folder = self.file.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        // Readable by its owner alone: tempfile's own mode is 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&json)?;
        file.as_file().sync_all()?;
        file.persist(&self.file)
            .map(drop)
            .map_err(|error| error.error)
    }
}
