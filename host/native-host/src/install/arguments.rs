//! What may be typed after `install` and `uninstall`.

use std::path::PathBuf;

use clap::Args;

use super::browsers::{Browser, Location, Scope};
use super::registration::Registration;
use crate::identity::IDENTITY;
use crate::manifest::Kind;

/// Which browsers.
#[derive(Clone, Debug, Default, Args)]
pub struct Targets {
    /// Only these browsers, also when they were not found.
    #[arg(long, value_enum, value_name = "BROWSER", num_args = 1.., value_delimiter = ',')]
    pub browser: Vec<Browser>,
    /// For everybody on this computer; needs an administrator.
    #[arg(long)]
    pub system: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Only a manifest in this folder: that of a profile of its own, say.
    #[arg(long, value_name = "DIR", requires = "kind", conflicts_with_all = ["browser", "system"])]
    pub manifest_dir: Option<PathBuf>,
    /// The kind of browser that reads that folder.
    #[arg(long, value_enum, requires = "manifest_dir")]
    pub kind: Option<Kind>,
}

/// What `install` may be told.
#[derive(Clone, Debug, Default, Args)]
pub struct InstallArgs {
    /// Which browsers.
    #[command(flatten)]
    pub targets: Targets,
}

/// What `uninstall` may be told.
#[derive(Clone, Debug, Default, Args)]
pub struct UninstallArgs {
    /// Which browsers.
    #[command(flatten)]
    pub targets: Targets,
    /// Also remove the sites that were granted signatures.
    #[arg(long, conflicts_with_all = ["browser", "manifest_dir"])]
    pub purge: bool,
}

impl Targets {
    /// For whom.
    pub(super) fn scope(&self) -> Scope {
        if self.system {
            Scope::System
        } else {
            Scope::User
        }
    }

    /// The one place that was named instead of browsers.
    pub(super) fn named_folder(&self) -> Option<Location> {
        let (folder, kind) = (self.manifest_dir.as_ref()?, self.kind?);
        Some(Location {
            variants: Vec::new(),
            scope: Scope::User,
            registration: Registration::Host(kind),
            file: folder.join(format!("{}.json", IDENTITY.host_name)),
        })
    }
}
