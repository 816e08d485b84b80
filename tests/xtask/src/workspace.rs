//! Where things are in the repository and in the build folder.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The repository's folders, all absolute.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the repository from the place cargo says this package has, and
    /// the build folder from `CARGO_TARGET_DIR` where that is set.
    pub fn locate() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package
            .ancestors()
            .nth(2)
            .context("this package lies outside the repository")?
            .to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { root, target })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's build folder, which also takes what these chores leave behind.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The programs built with the dev profile, the one the tests use too.
    pub fn programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.programs()
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Programs that were installed for this project only.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    pub fn extension(&self) -> PathBuf {
        self.root.join("extension")
    }

    /// The built extension that Chromium loads.
    pub fn chromium_extension(&self) -> PathBuf {
        self.extension().join(".output").join("chrome-mv3")
    }

    /// What people read, with its pictures.
    pub fn guide(&self) -> PathBuf {
        self.root.join("manifests").join("guide")
    }

    /// Where the end-to-end tests leave pictures.
    pub fn pictures(&self) -> PathBuf {
        self.target.join("end-to-end")
    }

    pub fn end_to_end(&self) -> PathBuf {
        self.root.join("tests").join("end-to-end")
    }
}
