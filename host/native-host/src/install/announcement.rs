//! How a browser gets to know of a manifest: on Windows by a key of the
//! registry that names the file, elsewhere by the file's being in its folder.

#[cfg(not(windows))]
pub use folder::{announce, announced, is_announced_anywhere, withdraw};
#[cfg(windows)]
pub use registry::{announce, announced, is_announced_anywhere, withdraw};

#[cfg(not(windows))]
mod folder {
    use std::io;
    use std::path::PathBuf;

    use crate::install::browsers::{Location, Variant};

    /// Nothing is left to do once the file is there.
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
    pub fn announce(_: &Location) -> io::Result<bool> {
        Ok(false)
    }

    /// Nothing but the file has to go.
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
    pub fn withdraw(_: &Location) -> io::Result<bool> {
        Ok(false)
    }

    /// The manifest that the browser will read there, if there is one.
    pub fn announced(_: &Variant, location: &Location) -> Option<PathBuf> {
        // A link that leads nowhere counts: the browser would stop at it too.
        location
            .manifest
            .symlink_metadata()
            .is_ok()
            .then(|| location.manifest.clone())
    }

    /// Whether a browser that was not asked about still needs the file.
    pub fn is_announced_anywhere(_: &Location) -> bool {
        false
    }
}

#[cfg(windows)]
mod registry {
    use std::collections::HashSet;
    use std::io;
    use std::path::{Path, PathBuf};

    use winreg::RegKey;
    use winreg::enums::{HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE};

    use crate::install::browsers::{Browser, Location, Scope, Variant};
    use crate::install::platform::{VARIANTS, registry_key};

    fn hive(scope: Scope) -> RegKey {
        RegKey::predef(match scope {
            Scope::User => HKEY_CURRENT_USER,
            Scope::System => HKEY_LOCAL_MACHINE,
        })
    }

    fn browsers(location: &Location) -> HashSet<Browser> {
        location
            .variants
            .iter()
            .map(|variant| variant.browser)
            .collect()
    }

    fn named_file(scope: Scope, browser: Browser) -> Option<PathBuf> {
        let key = hive(scope).open_subkey(registry_key(browser)).ok()?;
        key.get_value::<String, _>("").ok().map(PathBuf::from)
    }

    /// Names the file in the registry; false when every key was so already.
    pub fn announce(location: &Location) -> io::Result<bool> {
        let mut changed = false;
        for browser in browsers(location) {
            if named_file(location.scope, browser).as_deref() != Some(&*location.manifest) {
                let (key, _) = hive(location.scope).create_subkey(registry_key(browser))?;
                key.set_value("", &location.manifest.as_os_str())?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Takes the keys away; false when there were none.
    pub fn withdraw(location: &Location) -> io::Result<bool> {
        let mut changed = false;
        for browser in browsers(location) {
            match hive(location.scope).delete_subkey(registry_key(browser)) {
                Ok(()) => changed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    /// The manifest that the browser will read there, if a key names one.
    pub fn announced(variant: &Variant, location: &Location) -> Option<PathBuf> {
        named_file(location.scope, variant.browser)
    }

    /// Whether a key of any browser still names the file.
    pub fn is_announced_anywhere(location: &Location) -> bool {
        let names = |browser| named_file(location.scope, browser);
        VARIANTS
            .iter()
            .any(|variant| names(variant.browser).as_deref() == Some(Path::new(&location.manifest)))
    }
}
